/** Places for the names of points, so that none covers another one, a point, or the edge. */

export interface Rect {
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface Place {
  x: number;
  y: number;
  anchor: 'start' | 'middle' | 'end';
}

const overlap = (a: Rect, b: Rect) =>
  Math.max(0, Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x)) * Math.max(0, Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y));

/** Right, left, above, below and the corners, ever further away; the first free place wins, else the freest. */
export function placeLabels(points: { x: number; y: number; width: number }[], bounds: Rect, height = 14): Place[] {
  const dots = points.map((p) => ({ x: p.x - 7, y: p.y - 7, w: 14, h: 14 }));
  const taken: Rect[] = [];
  return points.map((p, self) => {
    let best: { cost: number; rect: Rect; place: Place } | null = null;
    for (const far of [11, 20, 32, 46, 62]) {
      const sides: Place[] = [
        { x: p.x + 11, y: p.y, anchor: 'start' }, { x: p.x - 11, y: p.y, anchor: 'end' },
        { x: p.x + 9, y: p.y - far, anchor: 'start' }, { x: p.x + 9, y: p.y + far, anchor: 'start' },
        { x: p.x - 9, y: p.y - far, anchor: 'end' }, { x: p.x - 9, y: p.y + far, anchor: 'end' },
        { x: p.x, y: p.y - far - 4, anchor: 'middle' }, { x: p.x, y: p.y + far + 4, anchor: 'middle' },
      ];
      for (const place of sides) {
        const left = place.anchor === 'start' ? place.x : place.anchor === 'end' ? place.x - p.width : place.x - p.width / 2;
        const rect = { x: left, y: place.y - height / 2, w: p.width, h: height };
        const outside = rect.w * rect.h - overlap(rect, bounds);
        const hit = taken.reduce((sum, r) => sum + overlap(rect, r), 0) + dots.reduce((sum, r, i) => (i === self ? sum : sum + overlap(rect, r)), 0);
        const cost = outside * 4 + hit * 2 + far;
        if (!best || cost < best.cost) best = { cost, rect, place };
      }
    }
    taken.push(best!.rect);
    return best!.place;
  });
}
