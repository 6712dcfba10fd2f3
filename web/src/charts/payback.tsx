/** What an image costs in all, the optimization shared among N images: where a curve crosses the baseline, it has paid. */
import { scaleLinear, scaleLog } from 'd3-scale';
import { line } from 'd3-shape';
import { ENERGY, energyCounts, known, metricOf, paybackOf, sayPayback } from '../analysis.ts';
import { fixed, imagesText, shown, UNKNOWN } from '../format.ts';
import type { Marks } from '../marks.tsx';
import { MarkShape } from '../marks.tsx';
import type { Model, Payback as PaybackData, Report, Variant } from '../model.ts';
import { XAxis, YAxis } from './axis.tsx';
import { Card, Figure, usePoints } from './figure.tsx';
import { stackLabels } from './labels.ts';

interface Curve {
  variant: Variant;
  payback: PaybackData;
  /** Cost of one image without the optimization. */
  each: number;
}

/** The chart ends at this multiple of the baseline; curves come in from above. */
const HEADROOM = 1.6;

const countText = (n: number) => (n >= 1e9 ? `${n / 1e9} G` : n >= 1e6 ? `${n / 1e6} M` : n >= 1e4 ? `${n / 1e3} k` : fixed(n, 0));

export function Payback({ report, model, marks, id }: { report: Report; model: Model; marks: Marks; id: string }) {
  const energetic = energyCounts(model);
  const [currency, key, scale] = energetic ? ['energy', ENERGY, 1] : ['time', 'latency_ms', 1e-3];
  const baseline = model.variants.find((v) => v.baseline);
  const base = baseline && known(baseline, key)?.value != null ? known(baseline, key)!.value! * scale : null;
  const curves: Curve[] = base === null ? [] : model.variants.flatMap((variant) => {
    const payback = paybackOf(variant, currency);
    return payback && payback.cost !== null && payback.saving !== null ? [{ variant, payback, each: base - payback.saving }] : [];
  });
  const unit = energetic ? metricOf(report, ENERGY).unit : 's/image';
  const as = shown(unit, base);
  const paid = curves.filter((c) => c.payback.images !== null && c.payback.images > 0);
  const { active, point } = usePoints(paid.length);
  const range = (p: PaybackData) => (p.images_low !== null && p.images_high !== null ? `${imagesText(p.images_low)} to ${imagesText(p.images_high)}` : '');

  const draw = (width: number) => {
    const narrow = width < 520;
    const height = narrow ? 320 : Math.min(380, Math.round(width * 0.4));
    const [left, right, top, bottom] = [narrow ? 44 : 52, 14, 26, height - 46];
    const ends = paid.map((c) => c.payback.images!);
    const from = 10 ** Math.floor(Math.log10(Math.max(1, Math.min(...ends, 100) / 8)));
    const to = 10 ** Math.ceil(Math.log10(Math.max(1000, ...ends) * 3));
    const x = scaleLog([from, to], [left, width - right]);
    const tops = base! * as.factor;
    const y = scaleLinear([0, tops * HEADROOM], [bottom, top]);
    const powers = Array.from({ length: Math.round(Math.log10(to / from)) + 1 }, (_, i) => from * 10 ** i).filter((_, i, all) => !narrow || all.length < 6 || i % 2 === 0);
    const steps = Array.from({ length: 121 }, (_, i) => from * (to / from) ** (i / 120));
    const value = (c: Curve, n: number) => (c.each + c.payback.cost! / n) * as.factor;
    const curve = line<[number, number]>();
    const path = (c: Curve) => {
      const enter = c.payback.cost! / (HEADROOM * base! - c.each);
      const visible = [Math.max(from, enter), ...steps.filter((n) => n > enter)];
      return curve(visible.filter((n) => n <= to).map((n) => [x(n), y(value(c, n))])) ?? '';
    };
    const spots = paid.map((c) => ({ x: x(c.payback.images!), y: y(tops) }));
    const names = stackLabels(curves.map((c) => y(Math.min(value(c, to), tops * HEADROOM)) - 11), top + 6, bottom - 6);
    const ticksY = y.ticks(5);
    return (
      <>
        <svg class="chart" viewBox={`0 0 ${width} ${height}`} role="group" aria-label={`Line chart of the cost of an image with the optimization included, for ${curves.length} variants`}>
          <XAxis ticks={powers} at={x} text={countText} top={top} bottom={bottom} />
          <YAxis ticks={ticksY} at={y} text={y.tickFormat(5)} left={left} right={width - right} />
          <text class="axis-title" x={0} y={12}>{energetic ? 'Energy' : 'Time'} of an image, its share of the optimization included, {as.unit}</text>
          <text class="axis-title" x={width - right} y={height - 8} text-anchor="end">Images classified</text>
          <line class="unity" x1={left} x2={width - right} y1={y(tops)} y2={y(tops)} aria-hidden="true" />
          <text class="label" x={left + 6} y={y(tops) + 15} aria-hidden="true">baseline</text>
          {curves.map((c) => (
            <path key={c.variant.id} class={c.payback.images === null ? 'curve unpaid' : 'curve'} style={{ stroke: marks.get(c.variant.label)?.colour }} d={path(c)} aria-hidden="true" />
          ))}
          {curves.map((c, i) => (
            <text key={c.variant.id} class="label halo-text" x={width - right - 4} y={names[i]} dy="0.34em" text-anchor="end" aria-hidden="true">{c.variant.label}</text>
          ))}
          {paid.map((c, i) => (
            <g key={c.variant.id} {...point(i, `${c.variant.label} pays back after ${imagesText(c.payback.images!)} images${range(c.payback) ? `, interval ${range(c.payback)}` : ''}`)}>
              {c.payback.images_low !== null && c.payback.images_high !== null && c.payback.images_low > 0 && (
                <line class="interval" style={{ stroke: marks.get(c.variant.label)?.colour }} x1={x(Math.max(from, c.payback.images_low))} x2={x(Math.min(to, c.payback.images_high))} y1={y(tops)} y2={y(tops)} />
              )}
              <circle class="halo" cx={spots[i]!.x} cy={spots[i]!.y} r={12} />
              <MarkShape mark={marks.get(c.variant.label)} x={spots[i]!.x} y={spots[i]!.y} />
            </g>
          ))}
        </svg>
        {active !== null && paid[active] && (
          <Card spot={spots[active]!} width={width} title={paid[active].variant.label} rows={[['Pays back after', `${imagesText(paid[active].payback.images!)} images`], ['95 % interval', range(paid[active].payback) || UNKNOWN], ['Optimization', costText(paid[active].payback)], ['Saving', savingText(paid[active].payback)]]} />
        )}
      </>
    );
  };

  return (
    <Figure
      id={id} title="When the optimization has paid for itself" finding={sayPayback(model, currency)}
      twin={{
        head: ['Variant and currency', 'Optimization', 'Saving', 'Break-even, images', '95 % interval', 'Why not shown'],
        rows: model.variants.flatMap((v) => v.paybacks.map((p) => [`${v.label}, ${p.currency}`, costText(p), savingText(p), p.images === null ? 'not shown' : imagesText(p.images), range(p), p.reason ?? ''])),
      }}
      note="Dashed: no break-even is shown, because the saving is not. The table has the other currencies."
    >
      {(width) => (curves.length ? draw(width) : <p class="empty">No optimization cost and saving are known yet.</p>)}
    </Figure>
  );
}

function scaled(value: number | null, unit: string): string {
  if (value === null) return UNKNOWN;
  const as = shown(unit, value);
  const v = value * as.factor;
  return `${fixed(v, v === 0 ? 0 : Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(v))))))} ${as.unit}`;
}

export const costText = (p: PaybackData) => scaled(p.cost, p.unit);
export const savingText = (p: PaybackData) => `${scaled(p.saving, p.unit)} an image`;
