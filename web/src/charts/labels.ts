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

/** The corners around each point, then its sides, ever further away; the first free place wins, else the freest. */
export function placeLabels(points: { x: number; y: number; width: number }[], bounds: Rect, obstacles: Rect[] = [], height = 14): Place[] {
  const dots = [...points.map((p) => ({ x: p.x - 7, y: p.y - 7, w: 14, h: 14 })), ...obstacles];
  const taken: Rect[] = [];
  return points.map((p, self) => {
    let best: { cost: number; rect: Rect; place: Place } | null = null;
    for (const far of [11, 20, 32, 46, 62]) {
      const sides: Place[] = [
        { x: p.x + 10, y: p.y - far, anchor: 'start' }, { x: p.x - 10, y: p.y - far, anchor: 'end' },
        { x: p.x + 10, y: p.y + far, anchor: 'start' }, { x: p.x - 10, y: p.y + far, anchor: 'end' },
        { x: p.x + 13, y: p.y, anchor: 'start' }, { x: p.x - 13, y: p.y, anchor: 'end' },
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

/** Heights for names at the end of lines, in the lines' order, at least `gap` apart and inside [top, bottom]. */
export function stackLabels(heights: number[], top: number, bottom: number, gap = 15): number[] {
  const order = heights.map((y, i) => ({ y, i })).sort((a, b) => a.y - b.y);
  for (let k = 1; k < order.length; k++) order[k]!.y = Math.max(order[k]!.y, order[k - 1]!.y + gap);
  let limit = bottom;
  for (let k = order.length - 1; k >= 0; k--) {
    order[k]!.y = Math.min(order[k]!.y, limit);
    limit = order[k]!.y - gap;
  }
  const placed = [...heights];
  for (const { y, i } of order) placed[i] = Math.max(top, y);
  return placed;
}
