import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { box, costKey, frontier, metricOf, sayFrontier, sayGroups, sayPayback } from '../src/analysis.ts';
import { placeLabels, stackLabels } from '../src/charts/labels.ts';
import { csv } from '../src/charts/keep.ts';
import { type Report, SCHEMA } from '../src/model.ts';

const fixture = (name: string) => JSON.parse(readFileSync(`fixtures/${name}.json`, 'utf8')) as Report;

test('the frontier holds what nothing beats, equal twins included', () => {
  const points = [{ x: 1, y: 90 }, { x: 2, y: 92 }, { x: 3, y: 91 }, { x: 2, y: 92 }, { x: 1, y: 89 }];
  assert.deepEqual(frontier(points).map((p) => [p.x, p.y]), [[1, 90], [2, 92], [2, 92]]);
  assert.equal(sayFrontier([], 0, 'energy'), 'No variant has both an accuracy and a cost yet.');
  assert.match(sayFrontier(['a'], 3, 'energy'), /No other variant beats a/);
});

test('the box has type-7 quartiles and reaches at most 1.5 quartile distances', () => {
  assert.deepEqual(box([1, 2, 3, 4, 100]), { q1: 2, median: 3, q3: 4, low: 1, high: 4 });
  assert.equal(box([]), null);
  assert.deepEqual(box([7]), { q1: 7, median: 7, q3: 7, low: 7, high: 7 });
});

test('estimated energy never decides an axis', () => {
  assert.equal(costKey(fixture('measured').models[0]!), 'energy_j_per_image');
  assert.equal(costKey(fixture('estimated').models[0]!), 'latency_ms');
});

test('groups are told with their test, and nothing is told of too few blocks', () => {
  const [measured, troubled] = [fixture('measured'), fixture('troubled')];
  const energy = metricOf(measured, 'energy_j_per_image');
  assert.match(sayGroups(measured.models[0]!, energy), /Friedman's test over 10 blocks shows a difference among all variants \(p < 0.001\)\. They fall into \d groups/);
  assert.equal(sayGroups(troubled.models[0]!, energy), 'Too few variants or blocks to test all of them at once.');
});

test('a break-even that is not shown is said not to be', () => {
  assert.match(sayPayback(fixture('measured').models[0]!, 'energy'), /Not shown for local-pruning/);
  assert.equal(sayPayback(fixture('troubled').models[1]!, 'energy'), 'No variant is shown to pay back.');
});

test('labels keep clear of each other and inside', () => {
  const points = Array.from({ length: 6 }, (_, i) => ({ x: 100 + i * 3, y: 100 + i * 2, width: 90 }));
  const bounds = { x: 0, y: 0, w: 400, h: 300 };
  const places = placeLabels(points, bounds).map((p) => ({ ...p, x: p.anchor === 'end' ? p.x - 90 : p.x }));
  for (const [i, a] of places.entries()) {
    assert.ok(a.x >= 0 && a.x + 90 <= 400);
    for (const b of places.slice(i + 1)) assert.ok(Math.abs(a.y - b.y) >= 13 || Math.abs(a.x - b.x) >= 90, 'labels overlap');
  }
  const heights = stackLabels([50, 51, 52, 20], 10, 200);
  const sorted = [...heights].sort((a, b) => a - b);
  for (let i = 1; i < sorted.length; i++) assert.ok(sorted[i]! - sorted[i - 1]! >= 15);
});

test('tables are kept as CSV that spreadsheets read', () => {
  assert.equal(csv([['a', 'b,c'], ['"', '1']]), 'a,"b,c"\n"""",1\n');
});

test('the fixtures are of this schema, every unknown with a reason', () => {
  for (const name of ['measured', 'estimated', 'troubled']) {
    const report = fixture(name);
    assert.equal(report.schema, SCHEMA);
    for (const variant of report.models.flatMap((m) => m.variants)) {
      for (const measure of Object.values(variant.measures)) assert.ok(measure.value !== null || measure.reason);
    }
  }
});
