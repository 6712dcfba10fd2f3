/** How a tactic looks in every chart: a colour, a shape and its name, the same for all models of a report. */
import { symbol, symbolCircle, symbolCross, symbolDiamond, symbolSquare, symbolStar, symbolTriangle, symbolWye, type SymbolType } from 'd3-shape';
import type { Report } from './model.ts';

const SHAPES: SymbolType[] = [symbolCircle, symbolSquare, symbolTriangle, symbolDiamond, symbolCross, symbolStar, symbolWye];
/** The baseline has colour 0; style.css defines --series-0 to --series-7. */
const COLOURS = 8;

export interface Mark {
  path: string;
  colour: string;
  hollow: boolean;
}

export type Marks = Map<string, Mark>;

export function marksOf(report: Report): Marks {
  const marks: Marks = new Map();
  let next = 1;
  for (const variant of report.models.flatMap((m) => m.variants)) {
    if (marks.has(variant.label)) continue;
    const index = variant.baseline ? 0 : next++;
    const shape = SHAPES[index % SHAPES.length] ?? symbolCircle;
    const colour = index === 0 ? 0 : ((index - 1) % (COLOURS - 1)) + 1;
    marks.set(variant.label, { path: symbol(shape, 62)() ?? '', colour: `var(--series-${colour})`, hollow: index === 0 });
  }
  return marks;
}

export function MarkShape({ mark, x = 0, y = 0, scale = 1 }: { mark: Mark | undefined; x?: number; y?: number; scale?: number }) {
  if (!mark) return null;
  return (
    <path d={mark.path} transform={`translate(${x},${y}) scale(${scale})`} style={{ fill: mark.hollow ? 'var(--paper)' : mark.colour, stroke: mark.colour }} stroke-width={mark.hollow ? 2 / scale : 0.6} />
  );
}

/** The mark and the name of a tactic in running text. */
export function Name({ label, marks }: { label: string; marks: Marks }) {
  return (
    <span class="name">
      <svg class="glyph" viewBox="-7 -7 14 14" width="12" height="12" aria-hidden="true">
        <MarkShape mark={marks.get(label)} />
      </svg>
      {label}
    </span>
  );
}
