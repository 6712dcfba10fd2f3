import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeText, dateText, fixed, imagesText, intervalText, list, measureText, shown, typeset, uncertaintyParts, uncertaintyText, UNKNOWN, valueText } from '../src/format.ts';
import type { Measure, Metric } from '../src/model.ts';

const THIN = '\u202f';
const measure = (value: number | null, low: number | null = null, high: number | null = null, interval: Measure['interval'] = 'bootstrap-95'): Measure => ({
  value, low, high, interval, source: null, tier: null, scope: null, reason: null, per_block: [], comparison: null, uncertainty: null,
});
const metric = (unit: string): Metric => ({ key: 'k', label: 'k', unit, group: 'g', better: null, comparison: 'ratio', description: '' });
const as = { factor: 1, unit: '' };

test('a value has no more digits than its interval allows, and at most four', () => {
  assert.equal(valueText(measure(0.079566, 0.0793, 0.0805), as), '0.0796');
  assert.equal(valueText(measure(91.44, 89.7, 92.9), as), '91.4');
  assert.equal(valueText(measure(91.4, 60, 99), as), '91');
  assert.equal(valueText(measure(20.98765, 20.98764, 20.98766), as), '20.99');
});

test('what is not known is said, never 0', () => {
  assert.equal(valueText(measure(null), as), UNKNOWN);
  assert.equal(valueText(undefined, as), UNKNOWN);
  assert.equal(measureText(measure(null), metric('J')), UNKNOWN);
  assert.equal(valueText(measure(0), as), '0');
  assert.equal(changeText(null, null, null, '%').value, UNKNOWN);
});

test('an uncalibrated estimate has two digits and a sign that says so', () => {
  const estimate = measure(0.16789, 0.067, 0.269, 'factor');
  assert.equal(valueText(estimate, as), `≈${THIN}0.17`);
  assert.equal(intervalText(estimate, as), '0.067 to 0.27');
});

test('an uncertainty is told with its share and what it is made of, or not at all', () => {
  const sure = { ...measure(0.2, 0.199, 0.201), uncertainty: { standard: 0.001, repetitions: 0.0006, meter: 0.0008, expanded: 0.0022 } };
  assert.equal(uncertaintyText(sure, { factor: 1000, unit: 'mJ/image' }), `u 1.0 (0.50${THIN}%)`);
  assert.equal(uncertaintyParts(sure), `standard uncertainty (GUM): repetitions 0.30${THIN}%, meter 0.40${THIN}%`);
  assert.equal(uncertaintyText(measure(0.2), as), '');
  assert.equal(uncertaintyParts(undefined), '');
});

test('prefixes suit the size; shares and plain rates have none', () => {
  assert.equal(measureText(measure(1.26e9), metric('MAC')), '1.26 GMAC');
  assert.equal(measureText(measure(6156000), metric('B')), '6.16 MB');
  assert.equal(measureText(measure(0.0421), metric('J/image')), '42.1 mJ/image');
  assert.equal(measureText(measure(0.1714), metric('J/image')), '0.171 J/image');
  assert.equal(measureText(measure(5.7e6), metric('')), '5.70 M');
  assert.deepEqual(shown('%', 0.001), { factor: 1, unit: '%' });
  assert.deepEqual(shown('ms/image', 5000), { factor: 1, unit: 'ms/image' });
  assert.deepEqual(shown('J', 0), { factor: 1, unit: 'J' });
});

test('changes carry a sign; nothing is minus zero', () => {
  assert.deepEqual(changeText(-53.6, -54, -52.5, '%'), { value: `−54${THIN}%`, interval: '−54.0 to −52.5' });
  assert.equal(changeText(0.36, null, null, '%').value, `+0.4${THIN}%`);
  assert.equal(changeText(-0.04, null, null, 'pt').value, `0.0${THIN}pt`);
});

test('large numbers are grouped, from five digits on', () => {
  assert.equal(fixed(41000, 0), `41${THIN}000`);
  assert.equal(fixed(4096, 0), '4096');
  assert.equal(fixed(-12345.678, 1), `−12${THIN}345.7`);
  assert.equal(imagesText(97759), `98${THIN}000`);
  assert.equal(imagesText(177), '180');
  assert.equal(imagesText(42), '42');
});

test('words', () => {
  assert.equal(list([]), '');
  assert.equal(list(['a', 'b', 'c']), 'a, b and c');
  assert.equal(dateText('2026-11-23T14:04:55.123Z'), '23 November 2026, 14:04 UTC');
  assert.equal(dateText(null), UNKNOWN);
  assert.equal(typeset('weights 346 -> 88 MB, top-1 -2.9 pt'), `weights 346 → 88${THIN}MB, top-1 −2.9${THIN}pt`);
});
