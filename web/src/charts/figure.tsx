/** What every chart has: a title, its finding in one sentence, a table with the same numbers, and ways to keep it. */
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { csv, save, svgText } from './keep.ts';

export interface Twin {
  head: string[];
  rows: string[][];
}

/** Width of an element in CSS pixels, followed as it changes. */
export function useWidth(initial: number) {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(initial);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    const measure = () => {
      if (element.clientWidth > 0) setWidth(element.clientWidth);
    };
    measure();
    // In the next frame: a new width changes heights, which the browser reports as an unfinished loop when it is set
    // while observations are delivered.
    let frame = 0;
    const observer = new ResizeObserver(() => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(measure);
    });
    observer.observe(element);
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
    };
  }, []);
  return [ref, width] as const;
}

interface FigureProps {
  id: string;
  title: string;
  finding: string;
  twin: Twin;
  /** Shown at the right of the title, e.g. a choice of metric. */
  control?: ComponentChildren;
  note?: ComponentChildren;
  children: (width: number) => ComponentChildren;
}

export function Figure({ id, title, finding, twin, control, note, children }: FigureProps) {
  const [ref, width] = useWidth(680);
  const keepSvg = () => {
    const svg = ref.current?.querySelector('svg');
    if (svg) save(`${id}.svg`, 'image/svg+xml', svgText(svg));
  };
  return (
    <figure id={id} class="figure">
      <figcaption>
        <div class="figure-head">
          <h3>{title}</h3>
          {control}
        </div>
        <p class="finding">{finding}</p>
      </figcaption>
      <div class="plot" ref={ref}>
        {children(width)}
      </div>
      {note && <p class="note">{note}</p>}
      <div class="twin">
        <details>
          <summary>The same as a table</summary>
          <div class="scroll" tabIndex={0} role="region" aria-label={`Table: ${title}`}>
            <table class="numbers">
              <thead>
                <tr>{twin.head.map((text) => <th scope="col" key={text}>{text}</th>)}</tr>
              </thead>
              <tbody>
                {twin.rows.map((row) => (
                  <tr key={row.join()}>{row.map((text, i) => (i === 0 ? <th scope="row">{text}</th> : <td>{text}</td>))}</tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
        <span class="tools">
          <button type="button" onClick={keepSvg} aria-label={`Save ${title} as SVG`}>SVG</button>
          <button type="button" onClick={() => save(`${id}.csv`, 'text/csv', csv([twin.head, ...twin.rows]))} aria-label={`Save ${title} as CSV`}>CSV</button>
        </span>
      </div>
    </figure>
  );
}

/** Where a card of details is drawn, in the plot's pixels. */
export interface Spot {
  x: number;
  y: number;
}

/**
 * Points of a chart that can be reached by Tab (one stop a chart), the arrow keys, Home and End, or by the mouse.
 * `active` is the point whose card is shown; Escape puts the card away.
 */
export function usePoints(count: number) {
  const [active, setActive] = useState<number | null>(null);
  const [stop, setStop] = useState(0);
  const elements = useRef<(SVGGElement | null)[]>([]);
  const last = count - 1;
  useEffect(() => {
    if (stop > last) setStop(Math.max(0, last));
  }, [stop, last]);
  const go = (index: number) => {
    const target = Math.min(Math.max(index, 0), last);
    setStop(target);
    elements.current[target]?.focus();
  };
  const keys: Record<string, (i: number) => void> = {
    ArrowRight: (i) => go(i + 1), ArrowDown: (i) => go(i + 1), ArrowLeft: (i) => go(i - 1), ArrowUp: (i) => go(i - 1),
    Home: () => go(0), End: () => go(last), Escape: () => setActive(null),
  };
  const point = (index: number, label: string) => ({
    // Preact ignores tabIndex on SVG elements: the attribute is written as SVG spells it.
    tabindex: index === Math.min(stop, last) ? 0 : -1,
    role: 'img' as const,
    'aria-label': label,
    class: 'point',
    ref: (element: SVGGElement | null) => {
      elements.current[index] = element;
    },
    onFocus: () => { setActive(index); setStop(index); },
    onBlur: () => setActive(null),
    onMouseEnter: () => setActive(index),
    onMouseLeave: () => setActive(null),
    onKeyDown: (event: KeyboardEvent) => {
      const act = keys[event.key];
      if (act) { event.preventDefault(); act(index); }
    },
  });
  return { active, point };
}

/** Details of the active point. Screen readers hear the point's label instead. */
export function Card({ spot, width, title, rows }: { spot: Spot; width: number; title: ComponentChildren; rows: [string, string][] }) {
  const right = spot.x > width / 2;
  return (
    <div class="card" aria-hidden="true" style={{ top: `${spot.y}px`, [right ? 'right' : 'left']: `${(right ? width - spot.x : spot.x) + 14}px` }}>
      <strong>{title}</strong>
      <dl>{rows.map(([name, text]) => <div key={name}><dt>{name}</dt><dd>{text}</dd></div>)}</dl>
    </div>
  );
}
