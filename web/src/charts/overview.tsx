/** All models at once: what each tactic does to each model's cost, as a ratio to that model's baseline. */
import { extent } from 'd3-array';
import { scaleLog } from 'd3-scale';
import { ENERGY, energyCounts, metricOf, TIME } from '../analysis.ts';
import { comparisonText, FINDINGS, list } from '../format.ts';
import { MarkShape, type Marks } from '../marks.tsx';
import type { Report } from '../model.ts';
import { XAxis } from './axis.tsx';
import { Card, Figure, usePoints } from './figure.tsx';
import { ratioText, ratioTicks } from './forest.tsx';

export function Overview({ report, marks }: { report: Report; marks: Marks }) {
  const key = report.models.every(energyCounts) ? ENERGY : TIME;
  const metric = metricOf(report, key);
  const labels = [...new Set(report.models.flatMap((m) => m.variants.filter((v) => !v.baseline).map((v) => v.label)))];
  const points = labels.flatMap((label, row) =>
    report.models.flatMap((model, m) => {
      const measure = model.variants.find((v) => v.label === label)?.measures[key];
      const ratio = measure?.comparison?.value;
      return measure && ratio != null && ratio > 0 ? [{ label, row, model, m, measure, ratio }] : [];
    }),
  );
  const { active, point } = usePoints(points.length);
  const always = labels.filter((label) => report.models.every((model) => model.variants.find((v) => v.label === label)?.measures[key]?.comparison?.finding === 'better'));

  const draw = (width: number) => {
    const narrow = width < 560;
    const line = narrow ? 58 : 46;
    const [left, right, top] = narrow ? [10, 20, 4] : [170, 16, 4];
    const height = labels.length * line + 34;
    const [low = 0.5, high = 1] = extent([...points.map((p) => p.ratio), 0.97, 1.03]) as [number, number];
    const x = scaleLog([low / 1.08, high * 1.08], [left, width - right]);
    const middle = (row: number) => top + row * line + (narrow ? 38 : line / 2);
    const fan = (m: number) => (report.models.length < 2 ? 0 : (m / (report.models.length - 1) - 0.5) * (narrow ? 18 : 22));
    const ticks = ratioTicks(...(x.domain() as [number, number])).filter((t) => t === 1 || Math.abs(x(t) - x(1)) > 40);
    return (
      <>
        <svg class="chart" viewBox={`0 0 ${width} ${height}`} role="group" aria-label={`Dot chart of ${metric.label} against the baseline for ${report.models.length} models`}>
          <XAxis ticks={ticks} at={x} text={ratioText} top={top} bottom={height - 24} />
          <line class="unity" x1={x(1)} x2={x(1)} y1={top} y2={height - 24} aria-hidden="true" />
          {labels.map((label, row) => (
            <text key={label} class="label" x={0} y={narrow ? middle(row) - 24 : middle(row)} dy="0.34em" aria-hidden="true">{label}</text>
          ))}
          {points.map((p, i) => (
            <g key={`${p.label} ${p.model.name}`} {...point(i, `${p.model.name}, ${p.label}: ${metric.label} ${comparisonText(p.measure, metric).value}`)}>
              <circle class="halo" cx={x(p.ratio)} cy={middle(p.row) + fan(p.m)} r={10} />
              <MarkShape mark={marks.get(p.label)} x={x(p.ratio)} y={middle(p.row) + fan(p.m)} scale={0.85} />
            </g>
          ))}
        </svg>
        {active !== null && points[active] && (
          <Card
            spot={{ x: x(points[active].ratio), y: middle(points[active].row) }} width={width} title={points[active].model.name}
            rows={[['Tactic', points[active].label], [metric.label, comparisonText(points[active].measure, metric).value], ['95 % interval', comparisonText(points[active].measure, metric).interval], ['Finding', FINDINGS[points[active].measure.comparison!.finding] ?? '']]}
          />
        )}
      </>
    );
  };

  return (
    <Figure
      id="overview" title={`${metric.label.replace(', median', '')} against the baseline, all models`}
      finding={always.length ? `${list(always)} ${always.length === 1 ? 'is' : 'are'} better than the baseline for every model.` : 'No tactic is shown to be better for every model.'}
      twin={{
        head: ['Tactic', ...report.models.map((m) => m.name)],
        rows: labels.map((label) => [label, ...report.models.map((m) => comparisonText(m.variants.find((v) => v.label === label)?.measures[key], metric).value || 'unknown')]),
      }}
      note={`A point is a model, from top to bottom: ${list(report.models.map((m) => m.name))}. Left of the line is less than the baseline.`}
    >
      {(width) => (points.length ? draw(width) : <p class="empty">Nothing can be compared yet.</p>)}
    </Figure>
  );
}
