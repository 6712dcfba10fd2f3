/** One metric, block by block: every trial as a point, the box of the middle half behind it. */
import { extent } from 'd3-array';
import { scaleLinear } from 'd3-scale';
import { useState } from 'preact/hooks';
import { box, costKey, metricOf, saySpread } from '../analysis.ts';
import { fixed, decimalsOf, shown } from '../format.ts';
import type { Marks } from '../marks.tsx';
import type { Model, Report } from '../model.ts';
import { XAxis } from './axis.tsx';
import { Card, Figure, usePoints } from './figure.tsx';

export function Distribution({ report, model, marks, id }: { report: Report; model: Model; marks: Marks; id: string }) {
  const repeated = report.metrics.filter((m) => model.variants.some((v) => v.measures[m.key]?.per_block.some((x) => x !== null)));
  const [key, setKey] = useState(costKey(model));
  const metric = metricOf(report, repeated.some((m) => m.key === key) ? key : (repeated[0]?.key ?? key));
  const [relative, setRelative] = useState(false);
  const as = relative ? { factor: 1, unit: '% from the median' } : shown(metric.unit, model.variants[0]?.measures[metric.key]?.value ?? null);
  const rows = model.variants.map((variant) => {
    const raw = variant.measures[metric.key]?.per_block ?? [];
    const middle = box(raw.filter((v) => v !== null))?.median || 1;
    return { variant, values: raw.map((v) => (v === null ? null : relative ? (v / middle - 1) * 100 : v * as.factor)) };
  });
  const points = rows.flatMap(({ variant, values }, row) => values.flatMap((value, b) => (value === null ? [] : [{ variant, row, value, block: model.blocks[b] ?? b + 1 }])));
  const { active, point } = usePoints(points.length);
  const text = (value: number) => fixed(value, relative ? 2 : Math.max(0, decimalsOf(value, 4)));

  const draw = (width: number) => {
    const narrow = width < 560;
    const line = narrow ? 54 : 40;
    const [left, right, top] = narrow ? [10, 12, 6] : [170, 16, 6];
    const height = rows.length * line + 44;
    const [low = 0, high = 1] = extent(points, (p) => p.value) as [number, number];
    const air = (high - low || high || 1) * 0.04;
    const x = scaleLinear([low - air, high + air], [left, width - right]);
    const count = narrow ? 4 : 7;
    const middle = (row: number) => top + row * line + (narrow ? 34 : line / 2);
    // Blocks are fanned out a little so that equal values stay visible; the order is that of the blocks.
    const fan = (block: number) => (((block * 7) % 5) - 2) * 2.6;
    return (
      <>
        <svg class="chart" viewBox={`0 0 ${width} ${height}`} role="group" aria-label={`Distribution chart of ${metric.label} over ${model.blocks.length} blocks`}>
          <XAxis ticks={x.ticks(count)} at={x} text={x.tickFormat(count)} top={top} bottom={height - 42} />
          <text class="axis-title" x={width - right} y={height - 6} text-anchor="end">{metric.label}{as.unit && `, ${as.unit}`}</text>
          {rows.map(({ variant, values }, row) => {
            const present = values.filter((v) => v !== null);
            const b = box(present);
            const y = middle(row);
            const colour = marks.get(variant.label)?.colour;
            return (
              <g key={variant.id} aria-hidden="true">
                <text class="label" x={0} y={narrow ? y - 21 : y} dy="0.34em">{variant.label}</text>
                {b ? (
                  <>
                    <line class="reach" style={{ stroke: colour }} x1={x(b.low)} x2={x(b.high)} y1={y} y2={y} />
                    <rect class="box" style={{ fill: colour, stroke: colour }} x={x(b.q1)} y={y - 9} width={Math.max(1, x(b.q3) - x(b.q1))} height={18} rx={2} />
                    <line class="median" style={{ stroke: colour }} x1={x(b.median)} x2={x(b.median)} y1={y - 12} y2={y + 12} />
                  </>
                ) : (
                  <text class="missing" x={x.range()[0]! + 4} y={y} dy="0.34em">no value: {variant.status}</text>
                )}
              </g>
            );
          })}
          {points.map((p, i) => (
            <g key={`${p.variant.id} ${p.block}`} {...point(i, `${p.variant.label}, block ${p.block}: ${text(p.value)} ${as.unit}`)}>
              <circle class="halo" cx={x(p.value)} cy={middle(p.row) + fan(p.block)} r={8} />
              <circle class="dot" style={{ fill: marks.get(p.variant.label)?.colour }} cx={x(p.value)} cy={middle(p.row) + fan(p.block)} r={3} />
            </g>
          ))}
        </svg>
        {active !== null && points[active] && (
          <Card spot={{ x: x(points[active].value), y: middle(points[active].row) }} width={width} title={points[active].variant.label} rows={[['Block', String(points[active].block)], [metric.label, `${text(points[active].value)} ${as.unit}`]]} />
        )}
      </>
    );
  };

  return (
    <Figure
      id={id} title="Block by block" finding={saySpread(model, metric)}
      control={
        <div class="choice">
          <label><input type="checkbox" checked={relative} onChange={(event) => setRelative(event.currentTarget.checked)} /> relative to each median</label>
          <label>
            <span class="hidden">Metric</span>
            <select value={metric.key} onChange={(event) => setKey(event.currentTarget.value)}>
              {repeated.map((m) => <option value={m.key} key={m.key}>{m.label}</option>)}
            </select>
          </label>
        </div>
      }
      twin={{ head: [`${metric.label}${as.unit && `, ${as.unit}`}`, ...model.blocks.map((b) => `Block ${b}`)], rows: rows.map(({ variant, values }) => [variant.label, ...model.blocks.map((_, b) => (values[b] == null ? 'unknown' : text(values[b])))]) }}
      note="A point is one block, a box the middle half, its bar the median."
    >
      {(width) => (points.length ? draw(width) : <p class="empty">No block has a value yet.</p>)}
    </Figure>
  );
}
