/** Accuracy against what an image costs: every variant with its intervals, the frontier, and the accepted loss. */
import { extent } from 'd3-array';
import { scaleLinear } from 'd3-scale';
import { costKey, frontier, known, metricOf, sayFrontier, TOP1 } from '../analysis.ts';
import { comparisonText, fixed, intervalText, measureText, shown, valueText } from '../format.ts';
import type { Marks } from '../marks.tsx';
import { MarkShape } from '../marks.tsx';
import type { Measure, Model, Report, Variant } from '../model.ts';
import { XAxis, YAxis } from './axis.tsx';
import { Card, Figure, usePoints } from './figure.tsx';
import { placeLabels } from './labels.ts';

interface Point {
  variant: Variant;
  cost: Measure;
  accuracy: Measure;
  x: number;
  y: number;
}

/** A domain around all values and interval ends, with some air. */
function around(measures: Measure[], factor: number, more: number[] = []): [number, number] {
  const ends = measures.flatMap((m) => [m.value, ...(m.interval === 'factor' ? [] : [m.low, m.high])]).filter((v) => v !== null);
  const [low = 0, high = 1] = extent([...ends.map((v) => v * factor), ...more]) as [number, number];
  const air = (high - low || Math.abs(high) || 1) * 0.09;
  return [low - air, high + air];
}

export function Pareto({ report, model, marks, id }: { report: Report; model: Model; marks: Marks; id: string }) {
  const key = costKey(model);
  const [cost, accuracy] = [metricOf(report, key), metricOf(report, TOP1)];
  const points: Point[] = model.variants.flatMap((variant) => {
    const [c, a] = [known(variant, key), known(variant, TOP1)];
    return c && a ? [{ variant, cost: c, accuracy: a, x: c.value!, y: a.value! }] : [];
  });
  const { active, point } = usePoints(points.length);
  const as = shown(cost.unit, points[0]?.x ?? null);
  const base = points.find((p) => p.variant.baseline);
  const limit = base && model.verdict.max_accuracy_drop !== null ? base.y - model.verdict.max_accuracy_drop : null;
  // What loses more than is accepted is no choice, however cheap.
  const accepted = points.filter((p) => limit === null || p.y >= limit);
  const best = frontier(accepted);
  const missing = model.variants.length - points.length;
  const rows = model.variants.map((v) => [
    v.label, measureText(v.measures[key], cost, points[0]?.x ?? null), intervalText(v.measures[key], as), measureText(v.measures[TOP1], accuracy), intervalText(v.measures[TOP1], { factor: 1, unit: '%' }),
    best.some((p) => p.variant === v) ? 'yes' : 'no',
  ]);

  const draw = (width: number) => {
    const narrow = width < 520;
    const height = narrow ? 340 : Math.min(430, Math.round(width * 0.46));
    const [left, right, top, bottom] = [44, 14, 26, height - 46];
    const floor = limit === null ? [] : [limit];
    const x = scaleLinear(around(points.map((p) => p.cost), as.factor), [left, width - right]);
    const y = scaleLinear(around(points.map((p) => p.accuracy), 1, floor), [bottom, top]);
    const [ticksX, ticksY] = [x.ticks(narrow ? 4 : 7), y.ticks(5)];
    const [textX, textY] = [x.tickFormat(narrow ? 4 : 7), y.tickFormat(5)];
    const spots = points.map((p) => ({ x: x(p.x * as.factor), y: y(p.y) }));
    // The words about the limit go where no point is in their way.
    const words = (from: number) => ({ x: from, y: limit === null ? 0 : y(limit) + 2, w: 172, h: 20 });
    const crowded = (from: number) => spots.filter((s) => s.x > from - 9 && s.x < from + 181 && limit !== null && s.y > y(limit) - 7 && s.y < y(limit) + 29).length;
    const [atLeft, atRight] = [left + 4, width - right - 176];
    const wordsAt = crowded(atRight) > crowded(atLeft) ? atLeft : atRight;
    const labels = placeLabels(spots.map((s, i) => ({ ...s, width: points[i]!.variant.label.length * (narrow ? 6.3 : 7.1) })), { x: left, y: top - 10, w: width - right - left, h: bottom - top + 10 }, limit === null ? [] : [words(wordsAt)]);
    const steps = best.map((p) => [x(p.x * as.factor), y(p.y)] as const);
    const path = steps.length ? `M${steps[0]![0]},${steps[0]![1]}` + steps.slice(1).map(([px, py]) => `H${px}V${py}`).join('') : '';
    return (
      <>
        <svg class="chart" viewBox={`0 0 ${width} ${height}`} role="group" aria-label={`Scatter chart of ${accuracy.label} against ${cost.label} for ${points.length} variants`}>
          {limit !== null && (
            <g aria-hidden="true">
              <rect class="forbidden" x={left} width={width - right - left} y={y(limit)} height={Math.max(0, bottom - y(limit))} />
              <line class="limit" x1={left} x2={width - right} y1={y(limit)} y2={y(limit)} />
              <text class="limit-text" x={wordsAt === atLeft ? left + 6 : width - right - 4} y={y(limit) + 15} text-anchor={wordsAt === atLeft ? 'start' : 'end'}>below: more than {fixed(model.verdict.max_accuracy_drop!, model.verdict.max_accuracy_drop! % 1 ? 1 : 0)} pt lost</text>
            </g>
          )}
          <XAxis ticks={ticksX} at={x} text={textX} top={top} bottom={bottom} />
          <YAxis ticks={ticksY} at={y} text={textY} left={left} right={width - right} />
          <text class="axis-title" x={0} y={12}>{accuracy.label}, % {narrow ? '' : '(higher is better)'}</text>
          <text class="axis-title" x={width - right} y={height - 8} text-anchor="end">{cost.label}, {as.unit} {narrow ? '' : '(lower is better)'}</text>
          {best.length > 1 && <path class="frontier" d={path} aria-hidden="true" />}
          {points.map((p, i) => {
            const { x: px, y: py } = spots[i]!;
            const mark = marks.get(p.variant.label);
            const chosen = p.variant.id === model.verdict.variant;
            const place = labels[i]!;
            const distant = Math.abs(place.y - py) > 24;
            const estimate = p.cost.interval === 'factor';
            return (
              <g key={p.variant.id} {...point(i, `${p.variant.label}, ${measureText(p.cost, cost, points[0]!.x)}, ${measureText(p.accuracy, accuracy)} ${accuracy.label}${chosen ? ', recommended' : ''}`)}>
                {!estimate && p.cost.low !== null && <line class="whisker" style={{ stroke: mark?.colour }} x1={x(p.cost.low * as.factor)} x2={x(p.cost.high! * as.factor)} y1={py} y2={py} />}
                {p.accuracy.low !== null && <line class="whisker" style={{ stroke: mark?.colour }} x1={px} x2={px} y1={y(p.accuracy.low)} y2={y(p.accuracy.high!)} />}
                <circle class="halo" cx={px} cy={py} r={12} />
                {chosen && <circle class="chosen" cx={px} cy={py} r={10} />}
                <MarkShape mark={mark} x={px} y={py} />
                {distant && <line class="leader" x1={px} y1={py + Math.sign(place.y - py) * 8} x2={place.x} y2={place.y - Math.sign(place.y - py) * 7} />}
                <text class={chosen ? 'label halo-text strong' : 'label halo-text'} x={place.x} y={place.y} dy="0.34em" text-anchor={place.anchor}>{p.variant.label}</text>
              </g>
            );
          })}
        </svg>
        {active !== null && points[active] && (
          <Card
            spot={spots[active]!} width={width} title={points[active].variant.label}
            rows={report.metrics.filter((m) => [TOP1, key, 'latency_ms', 'latency_p95_ms', 'peak_memory_bytes', 'disk_bytes'].includes(m.key)).map((m) => {
              const measure = points[active]!.variant.measures[m.key];
              const change = comparisonText(measure, m).value;
              const reference = model.variants[0]?.measures[m.key]?.value ?? null;
              return [m.label, `${valueText(measure, shown(m.unit, reference))} ${shown(m.unit, reference).unit}${change ? `  (${change})` : ''}`];
            })}
          />
        )}
      </>
    );
  };

  return (
    <Figure
      id={id} title={`${accuracy.label} against ${cost.label.toLowerCase()}`} finding={sayFrontier(best.map((p) => p.variant.label), accepted.length, cost.label.toLowerCase().replace(', median', ''), points.length - accepted.length)}
      twin={{ head: ['Variant', cost.label, '95 % interval', accuracy.label, '95 % interval ', 'On the frontier'], rows }}
      note={<>Bars are 95 % intervals. {missing > 0 && <>{missing} of {model.variants.length} variants lack a number and are not drawn. </>}{key !== 'energy_j_per_image' && 'Time stands in for energy, which was not measured here.'}</>}
    >
      {(width) => (points.length ? draw(width) : <p class="empty">No variant has both numbers yet.</p>)}
    </Figure>
  );
}
