/** Every variant as a ratio to the baseline, with its interval: left of the line less, right of it more. */
import { extent } from 'd3-array';
import { scaleLog } from 'd3-scale';
import { costKey, ENERGY, energyCounts, metricOf, sayEffects } from '../analysis.ts';
import { changeText, comparisonText, FINDINGS, UNKNOWN } from '../format.ts';
import type { Marks } from '../marks.tsx';
import { MarkShape } from '../marks.tsx';
import type { Metric, Model, Report, Variant } from '../model.ts';
import { XAxis } from './axis.tsx';
import { Card, Figure, usePoints } from './figure.tsx';

interface Row {
  metric: Metric;
  variant: Variant;
}

const ROW = 26;
const HEAD = 30;

/** Ratios for the axis: the round ones that lie inside. */
export function ratioTicks(low: number, high: number): number[] {
  const all = [0.05, 0.1, 0.2, 0.25, 0.33, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 10, 20];
  const inside = all.filter((t) => t >= low && t <= high);
  return inside.length > 7 ? inside.filter((t) => [0.05, 0.1, 0.25, 0.5, 1, 2, 4, 10, 20].includes(t)) : inside;
}

export const ratioText = (ratio: number) => (ratio === 1 ? 'same' : changeText((ratio - 1) * 100, null, null, '%').value.replace(/\.0(?=\D)/, ''));

export function Forest({ report, model, marks, id }: { report: Report; model: Model; marks: Marks; id: string }) {
  const keys = [...(energyCounts(model) ? [ENERGY] : []), 'latency_ms', 'latency_p95_ms', 'peak_memory_bytes'];
  const others = model.variants.filter((v) => !v.baseline);
  const groups = keys.map((key) => metricOf(report, key)).filter((metric) => others.some((v) => v.measures[metric.key]?.comparison?.value != null));
  const rows: Row[] = groups.flatMap((metric) => others.map((variant) => ({ metric, variant })));
  const { active, point } = usePoints(rows.length);
  const comparison = (row: Row) => row.variant.measures[row.metric.key]?.comparison ?? null;
  const say = (row: Row) => {
    const text = comparisonText(row.variant.measures[row.metric.key], row.metric);
    return { change: text.value || UNKNOWN, interval: text.interval, finding: FINDINGS[comparison(row)?.finding ?? 'not-tested'] ?? '' };
  };

  const draw = (width: number) => {
    const narrow = width < 560;
    const roomy = width > 800;
    const [left, right] = narrow ? [10, 78] : [170, roomy ? 318 : 218];
    const line = narrow ? 40 : ROW;
    const height = groups.length * (HEAD + others.length * line) + 34;
    const ends = rows.flatMap((r) => [comparison(r)?.low, comparison(r)?.high, comparison(r)?.value]).filter((v): v is number => v != null && v > 0);
    const [low = 0.5, high = 2] = extent([...ends, 0.95, 1.05]) as [number, number];
    const x = scaleLog([low / 1.06, high * 1.06], [left, width - right]);
    const at = (ratio: number) => x(Math.max(ratio, low / 1.06));
    const top = (index: number) => (Math.floor(index / others.length) + 1) * HEAD + index * line + (narrow ? 27 : line / 2);
    const ticks = ratioTicks(...(x.domain() as [number, number])).filter((t, i, all) => i === 0 || x(t) - x(all[i - 1]!) > (narrow ? 34 : 44) || t === 1);
    return (
      <>
        <svg class="chart" viewBox={`0 0 ${width} ${height}`} role="group" aria-label={`Forest chart of ${rows.length} comparisons with the baseline`}>
          <XAxis ticks={ticks.filter((t) => t === 1 || Math.abs(x(t) - x(1)) > 40)} at={x} text={ratioText} top={HEAD - 6} bottom={height - 26} />
          <line class="unity" x1={x(1)} x2={x(1)} y1={HEAD - 6} y2={height - 26} aria-hidden="true" />
          {groups.map((metric, g) => (
            <text key={metric.key} class="group-title" x={0} y={g * (HEAD + others.length * line) + 20}>{metric.label}</text>
          ))}
          {rows.map((row, i) => {
            const c = comparison(row);
            const y = top(i);
            const said = say(row);
            const mark = marks.get(row.variant.label);
            return (
              <g key={`${row.metric.key} ${row.variant.id}`} {...point(i, `${row.metric.label}, ${row.variant.label}: ${said.change}${said.interval ? `, interval ${said.interval}` : ''}, ${said.finding}`)}>
                <rect class="hit" x={0} y={y - line / 2 - (narrow ? 7 : 0)} width={width} height={line} />
                <text class="label" x={0} y={narrow ? y - 15 : y} dy="0.34em">{row.variant.label}</text>
                {c?.value != null ? (
                  <>
                    {c.low !== null && c.high !== null && <line class="interval" style={{ stroke: mark?.colour }} x1={at(c.low)} x2={at(c.high)} y1={y} y2={y} />}
                    <circle class="halo" cx={at(c.value)} cy={y} r={11} />
                    <MarkShape mark={mark} x={at(c.value)} y={y} scale={0.92} />
                    <text class="value" x={narrow ? width : width - right + 66} y={y} dy="0.34em" text-anchor="end">{said.change}</text>
                    {roomy && <text class="word" x={width - right + 176} y={y} dy="0.34em" text-anchor="end">{said.interval}</text>}
                    {!narrow && <text class={`word ${c.finding}`} x={width - right + (roomy ? 196 : 82)} y={y} dy="0.34em">{said.finding}</text>}
                  </>
                ) : (
                  <text class="missing" x={x(1) + 8} y={y} dy="0.34em">unknown: {row.variant.status}</text>
                )}
              </g>
            );
          })}
        </svg>
        {active !== null && rows[active] && comparison(rows[active]) && (
          <Card
            spot={{ x: at(comparison(rows[active])?.value ?? 1), y: top(active) }} width={width} title={rows[active].variant.label}
            rows={[[rows[active].metric.label, say(rows[active]).change], ['95 % interval', say(rows[active]).interval || UNKNOWN], ['Finding', say(rows[active]).finding], ['p after Holm', pText(comparison(rows[active])!.p)]]}
          />
        )}
      </>
    );
  };

  return (
    <Figure
      id={id} title="Against the baseline" finding={sayEffects(model, metricOf(report, costKey(model)))}
      twin={{
        head: ['Metric and variant', 'Change', '95 % interval', 'p after Holm', 'Finding'],
        rows: rows.map((r) => [`${r.metric.label}, ${r.variant.label}`, say(r).change, say(r).interval, pText(comparison(r)?.p ?? null), say(r).finding]),
      }}
      note="Ratios of medians within blocks, on a logarithmic scale, with 95 % bootstrap intervals."
    >
      {(width) => (rows.length ? draw(width) : <p class="empty">Nothing can be compared yet.</p>)}
    </Figure>
  );
}

export function pText(p: number | null): string {
  if (p === null) return 'not tested';
  return p < 0.001 ? '< 0.001' : p.toFixed(p < 0.1 ? 3 : 2);
}
