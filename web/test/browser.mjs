// Opens the built report from disk in Chromium with no network and checks what no unit test can: that it asks
// for nothing, says nothing on the console, has no serious axe violation, is reached by keyboard, and prints.
// Pictures go to a temporary folder, or to the folder named as the first argument.
//   node test/browser.mjs [FOLDER] [REPORT.html ...]
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const here = (path) => new URL(path, import.meta.url);
const out = process.argv[2] ? resolve(process.argv[2]) : mkdtempSync(join(tmpdir(), 'espalier-report-'));
mkdirSync(out, { recursive: true });
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const template = readFileSync(here('../dist/report.html'), 'utf8');

/** The same escapes as `espalier report` writes: nothing in the data can end its block. */
function fill(json) {
  const escaped = json.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const parts = template.split('{"espalier":"data"}');
  assert.equal(parts.length, 2, 'the template has exactly one place for the data');
  return parts.join(escaped);
}

const given = process.argv.slice(3).map((path) => [basename(path, '.html'), resolve(path)]);
const made = ['measured', 'estimated', 'troubled'].map((name) => {
  const path = join(out, `${name}.html`);
  writeFileSync(path, fill(readFileSync(here(`../fixtures/${name}.json`), 'utf8').trim()));
  return [name, path];
});
const reports = given.length ? given : made;

const profile = mkdtempSync(join(tmpdir(), 'espalier-chromium-'));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  offline: true,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

// A busy machine is slow, not wrong.
context.setDefaultTimeout(180_000);
context.setDefaultNavigationTimeout(180_000);

async function open(path, { scheme = 'light', width = 1280 } = {}) {
  const page = await context.newPage();
  const trouble = [];
  const requests = [];
  page.on('console', (m) => ['error', 'warning'].includes(m.type()) && trouble.push(m.text()));
  page.on('pageerror', (e) => trouble.push(String(e)));
  page.on('request', (r) => requests.push(r.url()));
  await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
  await page.setViewportSize({ width, height: 900 });
  await page.goto(pathToFileURL(path).href);
  await page.waitForSelector('h1');
  await page.waitForTimeout(150);
  return { page, trouble, requests };
}

async function accessible(page, what) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  const said = violations.map((v) => `${v.impact} ${v.id}: ${v.nodes.length} x ${v.nodes[0].html.slice(0, 140)} ${v.nodes[0].failureSummary.slice(0, 200)}`);
  assert.deepEqual(violations.filter((v) => ['serious', 'critical'].includes(v.impact)).length, 0, `${what}: ${said.join('\n')}`);
  return said.length ? said.join('; ') : 'nothing';
}

let failures = 0;
async function check(what, body) {
  try {
    console.log(`ok    ${what}${await body() ?? ''}`);
  } catch (error) {
    failures++;
    console.log(`FAIL  ${what}\n${error.message}`);
  }
}

for (const [name, path] of reports) {
  for (const [scheme, width] of [['light', 1280], ['dark', 1280], ['light', 390], ['dark', 390]]) {
    await check(`${name} ${scheme} ${width} px`, async () => {
      const { page, trouble, requests } = await open(path, { scheme, width });
      assert.deepEqual(trouble, [], 'console');
      assert.equal(requests.length, 1, `requests: ${requests}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(wide <= 0, `the page is ${wide} px wider than the window`);
      const violations = await accessible(page, name);
      await page.screenshot({ path: join(out, `${name}-${scheme}-${width}.png`), fullPage: true });
      await page.close();
      return `, axe: ${violations}`;
    });
  }
}

await check('every chart is one stop of Tab, arrows move inside, Escape closes the card', async () => {
  const { page } = await open(reports[0][1]);
  const charts = await page.locator('svg.chart').count();
  const stops = new Set();
  for (let i = 0; i < 400; i++) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const element = document.activeElement;
      const chart = element?.closest('svg.chart');
      return chart ? { chart: [...document.querySelectorAll('svg.chart')].indexOf(chart), label: element.getAttribute('aria-label') } : element === document.body ? null : {};
    });
    if (at === null) break;
    if (at.label) {
      assert.ok(!stops.has(at.chart), `chart ${at.chart} has two stops`);
      stops.add(at.chart);
    }
    if (at.label && stops.size === 2) {
      assert.equal(await page.locator('.card').count(), 1, 'a focused point shows its card');
      await page.keyboard.press('ArrowRight');
      const next = await page.evaluate(() => document.activeElement.getAttribute('aria-label'));
      assert.notEqual(next, at.label);
      await page.screenshot({ path: join(out, 'focus.png') });
      await page.keyboard.press('Escape');
      assert.equal(await page.locator('.card').count(), 0, 'Escape puts it away');
    }
  }
  assert.equal(stops.size, charts);
  await page.close();
  return `: ${charts} charts`;
});

await check('a metric sorts the variants, the theme can be chosen, every chart has its table', async () => {
  const { page, trouble } = await open(reports[0][1]);
  const table = page.locator('table.full').first();
  await table.getByRole('button', { name: 'Energy' }).first().click();
  assert.equal(await table.locator('[aria-sort=ascending]').count(), 1);
  const values = await table.locator('[aria-sort=ascending] ~ td .v').allTextContents();
  assert.deepEqual(values.map(Number), values.map(Number).sort((a, b) => a - b));
  await page.getByText('dark', { exact: true }).click();
  await page.waitForFunction(() => getComputedStyle(document.body).backgroundColor === 'rgb(21, 25, 22)', null);
  await page.evaluate(() => document.querySelectorAll('details').forEach((d) => { d.open = true; }));
  assert.equal(await page.locator('figure .twin table').count(), await page.locator('figure').count());
  await accessible(page, 'all tables open');
  assert.deepEqual(trouble, []);
  await page.close();
});

await check('it prints', async () => {
  const { page } = await open(reports[0][1], { scheme: 'dark' });
  await page.emulateMedia({ media: 'print' });
  await page.setViewportSize({ width: 690, height: 980 });
  await page.waitForTimeout(150);
  await page.screenshot({ path: join(out, 'print.png'), fullPage: true });
  const pdf = await page.pdf({ path: join(out, 'print.pdf'), format: 'A4', printBackground: true });
  assert.ok(pdf.length > 20000);
  await page.close();
  return `: ${Math.round(pdf.length / 1000)} kB`;
});

await context.close();
console.log(`pictures: ${out}`);
process.exit(failures ? 1 : 0);
