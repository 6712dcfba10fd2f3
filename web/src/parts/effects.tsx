/** How large the differences are and how they were tested, for readers of statistics. */
import { costKey, metricOf, sayGroups } from '../analysis.ts';
import { changeText, fixed, FINDINGS, pText, UNKNOWN } from '../format.ts';
import { Name, type Marks } from '../marks.tsx';
import type { Model, Report, Variant } from '../model.ts';

const percent = (ratio: number) => (ratio - 1) * 100;
const range = (low: number, high: number) => `${fixed(low, 2)} to ${fixed(high, 2)}`;
const p = (value: number | null | undefined) => (value == null ? 'not tested' : pText(value));

function Row({ model, variant, metric, marks }: { model: Model; variant: Variant; metric: string; marks: Marks }) {
  const place = model.verdict.ranking.find((one) => one.label === variant.label);
  const comparison = variant.measures[metric]?.comparison;
  const effect = comparison?.effect;
  const typical = effect && changeText(percent(effect.typical), percent(effect.typical_low), percent(effect.typical_high), '%');
  return (
    <tr>
      <th scope="row"><Name label={variant.label} marks={marks} /></th>
      <td>{place ? place.group : UNKNOWN}</td>
      {variant.baseline ? <td colSpan={6} class="missing">what the others are compared with</td> : !effect ? <td colSpan={6} class="missing">{variant.measures[metric]?.reason ?? 'not compared'}</td> : (
        <>
          <td>{fixed(effect.delta, 2)}<small>{range(effect.delta_low, effect.delta_high)}, {effect.magnitude}</small></td>
          <td>{fixed(effect.a12, 2)}</td>
          <td>{typical?.value}<small>{typical?.interval}, {effect.typical_interval}</small></td>
          <td>{p(comparison?.p)}<small>{FINDINGS[comparison?.finding ?? 'not-tested']}</small></td>
          <td>{p(effect.equivalence_p)}</td>
          <td>{effect.normality_p === null ? UNKNOWN : pText(effect.normality_p)}</td>
        </>
      )}
    </tr>
  );
}

export function Effects({ report, model, marks }: { report: Report; model: Model; marks: Marks }) {
  const metric = metricOf(report, costKey(model));
  if (!model.variants.some((v) => v.measures[metric.key]?.comparison?.effect)) return null;
  const place = (v: Variant) => model.verdict.ranking.findIndex((one) => one.label === v.label);
  const last = model.verdict.ranking.length;
  const ranked = [...model.variants].sort((a, b) => (place(a) < 0 ? last : place(a)) - (place(b) < 0 ? last : place(b)));
  return (
    <section class="figure">
      <h3>How large, and how sure</h3>
      <p class="finding">{metric.label.replace(', median', '')}: {sayGroups(model, metric)}</p>
      <div class="scroll" tabIndex={0} role="region" aria-label={`Effects and tests of ${model.name}`}>
        <table class="numbers">
          <thead>
            <tr>
              <th scope="col">Variant</th>
              <th scope="col">Group</th>
              <th scope="col">Cliff’s delta</th>
              <th scope="col">A12</th>
              <th scope="col">Typical change</th>
              <th scope="col">p<small>of a difference</small></th>
              <th scope="col">p<small>of none</small></th>
              <th scope="col">p<small>Shapiro-Wilk</small></th>
            </tr>
          </thead>
          <tbody>
            {ranked.map((variant) => <Row key={variant.id} model={model} variant={variant} metric={metric.key} marks={marks} />)}
          </tbody>
        </table>
      </div>
    </section>
  );
}
