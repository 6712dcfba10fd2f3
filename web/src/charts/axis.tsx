/** Axes without boxes: a hairline for every tick, its number, and the title where the eye starts. */

interface AxisProps {
  ticks: number[];
  at: (value: number) => number;
  text: (value: number) => string;
}

export function XAxis({ ticks, at, text, top, bottom }: AxisProps & { top: number; bottom: number }) {
  return (
    <g class="axis" aria-hidden="true">
      {ticks.map((tick) => (
        <g key={tick} transform={`translate(${at(tick)},0)`}>
          <line y1={top} y2={bottom} />
          <text y={bottom + 16} text-anchor="middle">{text(tick)}</text>
        </g>
      ))}
    </g>
  );
}

export function YAxis({ ticks, at, text, left, right }: AxisProps & { left: number; right: number }) {
  return (
    <g class="axis" aria-hidden="true">
      {ticks.map((tick) => (
        <g key={tick} transform={`translate(0,${at(tick)})`}>
          <line x1={left} x2={right} />
          <text x={left - 8} dy="0.32em" text-anchor="end">{text(tick)}</text>
        </g>
      ))}
    </g>
  );
}
