/** Every metric of every variant. Metrics are rows, so that a variant is read down; a metric sorts the variants. */
import { useState } from 'preact/hooks';
import { comparisonText, FINDINGS, intervalText, plural, shown, uncertaintyParts, uncertaintyText, UNKNOWN, valueText } from '../format.ts';
import { Name, type Marks } from '../marks.tsx';
import type { Metric, Model, Report, Variant } from '../model.ts';

interface Order {
  key: string;
  down: boolean;
}

const known = (value: number | null) => value ?? 'unknown';
const setting = (v: Variant) => `${v.runtime}, ${v.device}, batch ${known(v.batch)}, ${known(v.threads)} threads`;

function sorted(variants: Variant[], order: Order | null): Variant[] {
  if (!order) return variants;
  const value = (v: Variant) => v.measures[order.key]?.value ?? null;
  return [...variants].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    return order.down ? y - x : x - y;
  });
}

function Cell({ variant, metric, reference }: { variant: Variant; metric: Metric; reference: number | null }) {
  const measure = variant.measures[metric.key];
  const as = shown(metric.unit, reference ?? measure?.value ?? null);
  const text = valueText(measure, as);
  if (text === UNKNOWN) return <td class="missing" title={measure?.reason ?? undefined}>{UNKNOWN}<small>{measure?.reason ?? 'not recorded'}</small></td>;
  const same = measure?.comparison?.value === (metric.comparison === 'ratio' ? 1 : 0) && measure.comparison.low === null;
  const change = variant.baseline || same ? '' : comparisonText(measure, metric).value;
  const finding = measure?.comparison?.finding;
  const shownByTest = finding === 'better' || finding === 'worse';
  return (
    <td>
      <span class="v">{text}</span>
      {measure?.tier && metric.group === 'Energy' && <sup class="tier-mark" title={`${measure.source ?? ''}; ${measure.scope ?? ''}`}>{measure.tier}</sup>}
      <small>{intervalText(measure, as)}{measure?.interval === 'factor' ? ' (factor of the model)' : ''}</small>
      {measure?.uncertainty && <small title={uncertaintyParts(measure)}>{uncertaintyText(measure, as)}</small>}
      {change && <small class={shownByTest ? finding : ''} title={FINDINGS[finding ?? 'not-tested']}>{change}{shownByTest ? ` ${finding}` : ''}</small>}
      {measure?.scope && !measure.tier && <small>{measure.scope}</small>}
    </td>
  );
}

/** Tier, source and scope of a row of energies; all variants of a model have the same. */
function Origin({ model, metric }: { model: Model; metric: Metric }) {
  const measure = model.variants.map((v) => v.measures[metric.key]).find((m) => m?.tier);
  if (!measure) return null;
  return <small>tier {measure.tier}, {measure.source}: {measure.scope}</small>;
}

export function VariantTable({ report, model, marks }: { report: Report; model: Model; marks: Marks }) {
  const [order, setOrder] = useState<Order | null>(null);
  const variants = sorted(model.variants, order);
  const base = model.variants.find((v) => v.baseline);
  const alike = new Set(model.variants.map(setting)).size === 1;
  const metrics = report.metrics.filter((m) => model.variants.some((v) => v.measures[m.key]));
  const press = (metric: Metric) => {
    const first = metric.better === 'higher';
    setOrder(order?.key !== metric.key ? { key: metric.key, down: first } : order.down === first ? { key: metric.key, down: !first } : null);
  };
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={`All metrics of ${model.name}`}>
      <table class="numbers full">
        <caption class="hidden">Every metric of every variant of {model.name}. The button of a metric sorts the variants by it.</caption>
        <thead>
          <tr>
            <td>{alike && base && <small>{setting(base)}</small>}</td>
            {variants.map((v) => (
              <th scope="col" key={v.id} class={v.id === model.verdict.variant ? 'chosen-column' : ''}>
                <Name label={v.label} marks={marks} />
                {!alike && <small>{setting(v)}</small>}
                {v.status !== 'complete' && <small class="worse">{v.status}</small>}
                {v.excluded > 0 && <small class="worse">{plural(v.excluded, 'trial')} left out</small>}
              </th>
            ))}
          </tr>
        </thead>
        {[...new Set(metrics.map((m) => m.group))].map((group) => (
          <tbody key={group}>
            <tr class="group"><th scope="rowgroup" colSpan={variants.length + 1}><span>{group}</span></th></tr>
            {metrics.filter((m) => m.group === group).map((metric) => {
              const reference = base?.measures[metric.key]?.value || Math.max(...model.variants.map((v) => v.measures[metric.key]?.value ?? 0)) || null;
              const active = order?.key === metric.key;
              return (
                <tr key={metric.key}>
                  <th scope="row" aria-sort={active ? (order.down ? 'descending' : 'ascending') : 'none'}>
                    <button type="button" onClick={() => press(metric)} title={metric.description}>
                      {metric.label} <span class="sort" aria-hidden="true">{active ? (order.down ? '◀' : '▶') : ''}</span>
                    </button>
                    <small>{shown(metric.unit, reference).unit}</small>
                    {metric.group === 'Energy' && <Origin model={model} metric={metric} />}
                  </th>
                  {variants.map((v) => <Cell key={v.id} variant={v} metric={metric} reference={reference} />)}
                </tr>
              );
            })}
          </tbody>
        ))}
      </table>
    </div>
  );
}
