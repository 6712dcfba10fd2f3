/** What the charts show and say, computed from the view model. Nothing here measures or tests anything. */
import { quantileSorted } from 'd3-array';
import { comparisonText, imagesText, list, plural, pSaid } from './format.ts';
import type { Measure, Metric, Model, Payback, Report, Variant } from './model.ts';

export const ENERGY = 'energy_j_per_image';
export const TIME = 'latency_ms';
export const TOP1 = 'top1';

export function metricOf(report: Report, key: string): Metric {
  return report.metrics.find((m) => m.key === key) ?? { key, label: key, unit: '', group: '', better: null, comparison: null, description: '' };
}

export function known(variant: Variant, key: string): Measure | null {
  const measure = variant.measures[key];
  return measure && measure.value !== null ? measure : null;
}

/** True when the model's energy was measured, or modelled with calibration; an uncalibrated model ranks like time. */
export function energyCounts(model: Model): boolean {
  const energies = model.variants.map((v) => known(v, ENERGY)).filter((m) => m !== null);
  return energies.length > 0 && energies.every((m) => m.tier !== null && m.tier < 'E');
}

/** What a variant costs at run time: energy, or time where energy does not count. */
export function costKey(model: Model): string {
  return energyCounts(model) ? ENERGY : TIME;
}

/** Points that no other one beats in both: lower x and higher y, or equal in one and better in the other. */
export function frontier<T extends { x: number; y: number }>(points: T[]): T[] {
  const dominated = (p: T) => points.some((q) => q.x <= p.x && q.y >= p.y && (q.x < p.x || q.y > p.y));
  return points.filter((p) => !dominated(p)).sort((a, b) => a.x - b.x);
}

export interface Box {
  low: number;
  q1: number;
  median: number;
  q3: number;
  high: number;
}

/** Quartiles, and the most extreme values within 1.5 quartile distances. Null for no values. */
export function box(values: number[]): Box | null {
  const sorted = [...values].sort((a, b) => a - b);
  const quantile = (p: number) => quantileSorted(sorted, p) as number;
  if (sorted.length === 0) return null;
  const [q1, median, q3] = [quantile(0.25), quantile(0.5), quantile(0.75)];
  const reach = 1.5 * (q3 - q1);
  return {
    q1, median, q3,
    low: sorted.find((v) => v >= q1 - reach) ?? q1,
    high: sorted.findLast((v) => v <= q3 + reach) ?? q3,
  };
}

/** What the omnibus test and the groups say of the quantity that variants are chosen by. */
export function sayGroups(model: Model, metric: Metric): string {
  const test = model.omnibus.find((o) => o.metric === metric.key);
  const count = new Set(model.verdict.ranking.map((p) => p.group)).size;
  const omnibus = test ? `${test.test}'s test over ${test.blocks} blocks ${test.p < 0.05 ? 'shows a difference' : 'shows no difference'} among all variants (${pSaid(test.p)}).` : 'Too few variants or blocks to test all of them at once.';
  const groups = count > 1 ? ` They fall into ${count} groups that differ by more than a negligible effect.` : count === 1 ? ' No difference parts them into groups.' : '';
  return omnibus + groups;
}

/** The currency in which a model's break-even is drawn: energy if it counts, else time. */
export function paybackOf(variant: Variant, currency: string): Payback | null {
  return variant.paybacks.find((p) => p.currency === currency) ?? null;
}

/** `all` counts the variants within the accepted loss of accuracy, `beyond` those outside it. */
export function sayFrontier(names: string[], all: number, cost: string, beyond = 0): string {
  if (all + beyond === 0) return 'No variant has both an accuracy and a cost yet.';
  if (all + beyond === 1) return `Only ${names[0] ?? 'one variant'} has been measured.`;
  const lost = beyond === 0 ? '' : ` ${plural(beyond, 'variant')} ${beyond === 1 ? 'loses' : 'lose'} more accuracy than accepted.`;
  if (names.length === 1) return `No other variant beats ${names[0]} in accuracy or in ${cost}.${lost}`;
  const rest = all - names.length;
  const beaten = rest === 0 ? '' : rest === 1 ? ' The other one is matched or beaten in both.' : ` The other ${rest} are matched or beaten in both.`;
  return `The choice between accuracy and ${cost} is between ${list(names)}.${beaten}${lost}`;
}

export function sayEffects(model: Model, metric: Metric): string {
  const others = model.variants.filter((v) => !v.baseline);
  const of = (finding: string) => others.filter((v) => v.measures[metric.key]?.comparison?.finding === finding);
  const better = of('better').map((v) => `${v.label} (${comparisonText(v.measures[metric.key], metric).value})`);
  const worse = of('worse').map((v) => `${v.label} (${comparisonText(v.measures[metric.key], metric).value})`);
  const untested = of('not-tested');
  const name = metric.label.replace(', median', '');
  if (!better.length && !worse.length) return `${name}: ${untested.length ? 'no test was made' : 'no difference from the baseline is shown'}.`;
  const parts = [...(better.length ? [`better with ${list(better)}`] : []), ...(worse.length ? [`worse with ${list(worse)}`] : [])];
  const rest = better.length + worse.length < others.length ? '; for the others no difference is shown' : '';
  return `${name} is ${parts.join(', and ')}${rest}.`;
}

export function sayPayback(model: Model, currency: string): string {
  const paid = model.variants.filter((v) => paybackOf(v, currency)?.images != null);
  const not = model.variants.filter((v) => !v.baseline && paybackOf(v, currency) && paybackOf(v, currency)?.images == null);
  const said = paid
    .sort((a, b) => paybackOf(a, currency)!.images! - paybackOf(b, currency)!.images!)
    .map((v) => `${v.label} after ${imagesText(paybackOf(v, currency)!.images!)}`);
  const lead = said.length ? `Images until the optimization is paid back: ${list(said)}.` : 'No variant is shown to pay back.';
  return not.length ? `${lead} Not shown for ${list(not.map((v) => v.label))}.` : lead;
}

export function saySpread(model: Model, metric: Metric): string {
  const spreads = model.variants.flatMap((v) => {
    const summary = box((v.measures[metric.key]?.per_block ?? []).filter((x) => x !== null));
    return summary && summary.median ? [{ label: v.label, share: (summary.q3 - summary.q1) / summary.median }] : [];
  });
  const widest = spreads.sort((a, b) => b.share - a.share)[0];
  if (!widest) return 'No block has a value yet.';
  return `The middle half of the blocks spans at most ${(widest.share * 100).toFixed(widest.share < 0.1 ? 1 : 0)} % of the median (${widest.label}).`;
}
