/** Numbers as text. No more digits than their uncertainty allows, and what is not known says so. */
import { format } from 'd3-format';
import type { Measure, Metric } from './model.ts';

export const UNKNOWN = 'unknown';
const THIN = '\u202f';
const MINUS = '\u2212';

/** How many decimals the half-width of an interval allows: its leading digit, and one more after a 1 or a 2. */
export function decimalsFor(half: number): number {
  const exponent = Math.floor(Math.log10(half));
  const leading = half / 10 ** exponent;
  return -exponent + (leading < 3 ? 1 : 0);
}

/** Decimals that leave at most `digits` significant ones. */
export function decimalsOf(value: number, digits: number): number {
  return value === 0 ? 0 : digits - 1 - Math.floor(Math.log10(Math.abs(value)));
}

function grouped(text: string): string {
  const [whole = '', fraction] = text.replace('-', MINUS).split('.');
  const spaced = /\d{5,}/.test(whole) ? whole.replace(/\B(?=(\d{3})+$)/g, THIN) : whole;
  return fraction === undefined ? spaced : `${spaced}.${fraction}`;
}

/** A number with `decimals` places; a negative count rounds to tens, hundreds, ... */
export function fixed(value: number, decimals: number): string {
  if (decimals < 0) {
    const step = 10 ** -decimals;
    return grouped(String(Math.round(value / step) * step));
  }
  const text = format(`.${Math.min(decimals, 12)}f`)(value).replace(MINUS, '-');
  return grouped(Number(text) === 0 ? text.replace('-', '') : text);
}

/** How a unit is shown for values around `reference`: its prefix and the factor to multiply with. */
export interface Shown {
  factor: number;
  unit: string;
}

const PREFIXES: [number, string][] = [[1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e3, 'k'], [1, ''], [1e-3, 'm'], [1e-6, 'µ']];
const PREFIXABLE = /^(J|W|B|MAC|FLOP|s|g)(?=$|[ /])/;

/** The prefix that shows `reference` as a number from 1 to 1000 (mJ from below 0.1 J); plain counts get k, M, G. */
export function shown(unit: string, reference: number | null): Shown {
  const size = Math.abs(reference ?? 1);
  const plain = { factor: 1, unit };
  if (size === 0 || !(unit === '' || PREFIXABLE.test(unit))) return plain;
  if (/^[JWs]/.test(unit) && size >= 0.1 && size < 1e4) return plain;
  const [step, prefix] = PREFIXES.find(([s]) => size >= s * 0.9995) ?? [1, ''];
  if (step < 1 && !/^[JWsg]/.test(unit)) return plain;
  return { factor: 1 / step, unit: prefix + unit };
}

/** The value alone, in the unit of `as`. Uncalibrated estimates get two digits and say that they are estimates. */
export function valueText(measure: Measure | undefined, as: Shown): string {
  if (!measure || measure.value === null) return UNKNOWN;
  const value = measure.value * as.factor;
  if (measure.interval === 'factor') return `≈${THIN}${fixed(value, decimalsOf(value, 2))}`;
  if (measure.low === null || measure.high === null || measure.high <= measure.low) {
    return Number.isInteger(measure.value) && as.factor === 1 ? fixed(value, 0) : fixed(value, Math.max(0, decimalsOf(value, 3)));
  }
  const half = ((measure.high - measure.low) / 2) * as.factor;
  return fixed(value, Math.min(decimalsFor(half), decimalsOf(value, 4)));
}

/** "79.3 to 79.8", or "" where there is no interval. */
export function intervalText(measure: Measure | undefined, as: Shown): string {
  if (!measure || measure.value === null || measure.low === null || measure.high === null) return '';
  const [low, high, value] = [measure.low * as.factor, measure.high * as.factor, measure.value * as.factor];
  // The ends of an estimate are as vague as its value: two digits each.
  if (measure.interval === 'factor') return `${fixed(low, decimalsOf(low, 2))} to ${fixed(high, decimalsOf(high, 2))}`;
  const decimals = high > low ? Math.min(decimalsFor((high - low) / 2), decimalsOf(value, 4)) : decimalsOf(value, 3);
  return `${fixed(low, decimals)} to ${fixed(high, decimals)}`;
}

/** "u 0.4 (0.5 %)": the standard uncertainty, or "" where none is known. */
export function uncertaintyText(measure: Measure | undefined, as: Shown): string {
  const u = measure?.uncertainty;
  if (!u || !measure?.value) return '';
  const standard = u.standard * as.factor;
  const share = Math.abs(u.standard / measure.value) * 100;
  return `u ${fixed(standard, decimalsOf(standard, 2))} (${fixed(share, decimalsOf(share, 2))}${THIN}%)`;
}

/** What it is made of: "standard uncertainty (GUM): repetitions 0.4 %, meter 0.3 %". */
export function uncertaintyParts(measure: Measure | undefined): string {
  const u = measure?.uncertainty;
  if (!u || !measure?.value) return '';
  const share = (part: number) => {
    const percent = Math.abs(part / (measure.value ?? 1)) * 100;
    return `${fixed(percent, decimalsOf(percent, 2))}${THIN}%`;
  };
  return `standard uncertainty (GUM): repetitions ${share(u.repetitions)}, meter ${share(u.meter)}`;
}

/** "79.6 mJ/image", "unknown". */
export function measureText(measure: Measure | undefined, metric: Metric, reference: number | null = measure?.value ?? null): string {
  const as = shown(metric.unit, reference);
  const text = valueText(measure, as);
  return text === UNKNOWN ? text : `${text} ${as.unit}`.trimEnd();
}

function signed(value: number, decimals: number): string {
  const text = fixed(value, decimals);
  return value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

/** Decimals for a change in % or points, given its interval. */
function changeDecimals(value: number, low: number | null, high: number | null): number {
  const half = low !== null && high !== null && high > low ? (high - low) / 2 : null;
  const wanted = half === null ? (Math.abs(value) < 10 ? 1 : 0) : decimalsFor(half);
  return Math.min(Math.max(wanted, 0), Math.abs(value) >= 10 ? 0 : 1);
}

/** "−53 %" or "−0.3 pt" with its interval "−54 to −52"; null becomes "unknown". */
export function changeText(value: number | null, low: number | null, high: number | null, unit: string): { value: string; interval: string } {
  if (value === null) return { value: UNKNOWN, interval: '' };
  const decimals = unit === 'pt' ? 1 : changeDecimals(value, low, high);
  return {
    value: `${signed(value, decimals)}${THIN}${unit}`,
    interval: low === null || high === null ? '' : `${signed(low, Math.max(decimals, high - low < 2 ? 1 : 0))} to ${signed(high, Math.max(decimals, high - low < 2 ? 1 : 0))}`,
  };
}

/** The comparison of a measure with its baseline as a change in % (ratio) or points (difference). */
export function comparisonText(measure: Measure | undefined, metric: Metric): { value: string; interval: string } {
  const c = measure?.comparison;
  if (!c) return { value: '', interval: '' };
  if (metric.comparison === 'difference') return changeText(c.value, c.low, c.high, 'pt');
  const percent = (ratio: number | null) => (ratio === null ? null : (ratio - 1) * 100);
  return changeText(percent(c.value), percent(c.low), percent(c.high), '%');
}

/** A count of images, rounded to what a break-even can promise: "41 000". */
export function imagesText(images: number): string {
  return fixed(images, images < 100 ? 0 : decimalsOf(images, 2));
}

/** Text from the command line with the signs of print: an arrow, a minus, spaces that do not break before units. */
export function typeset(text: string): string {
  return text.replaceAll(' -> ', ' → ').replace(/(^|[\s(])-(?=\d)/g, `$1${MINUS}`).replace(/(\d) (?=%|pt\b|\d{3}\b|[kMG]?B\b|[kMm]?J\b|ms\b)/g, `$1${THIN}`);
}

/** "0.034", "< 0.001". */
export function pText(p: number): string {
  return p < 0.001 ? '< 0.001' : fixed(p, 3);
}

/** A p-value after its name: "p = 0.034", "p < 0.001". */
export function pSaid(p: number): string {
  return p < 0.001 ? 'p < 0.001' : `p = ${fixed(p, 3)}`;
}

export function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/** "23 November 2026, 14:05 UTC". */
export function dateText(iso: string | null): string {
  const parts = iso?.match(/^(\d{4})-(\d{2})-(\d{2})T(\d{2}:\d{2})/);
  if (!parts) return iso ?? UNKNOWN;
  const months = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
  return `${Number(parts[3])} ${months[Number(parts[2]) - 1]} ${parts[1]}, ${parts[4]} UTC`;
}

/** "a, b and c". */
export function list(words: string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

export const FINDINGS: Record<string, string> = {
  better: 'better',
  worse: 'worse',
  'no-difference': 'no difference shown',
  inconclusive: 'inconclusive',
  'not-tested': 'not tested',
};
