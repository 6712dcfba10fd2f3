import { metricOf, paybackOf, energyCounts } from '../analysis.ts';
import { changeText, imagesText } from '../format.ts';
import type { Marks } from '../marks.tsx';
import { Name } from '../marks.tsx';
import type { Change, Model, Report } from '../model.ts';

export const anchor = (model: Model) => `model-${model.name.replace(/[^A-Za-z0-9_-]+/g, '-')}`;

const change = (c: Change | undefined) => (c ? changeText(c.change, c.low, c.high, c.change_unit) : { value: '', interval: '' });

/** Every model on one line: what to do, and what it changes. */
export function Summary({ report, marks }: { report: Report; marks: Marks }) {
  const keys = ['energy_j_per_image', 'top1', 'latency_p95_ms'].filter((key) => report.models.some((m) => m.verdict.changes.some((c) => c.metric === key)));
  return (
    <table class="summary">
      <caption class="hidden">The verdict for each model</caption>
      <thead>
        <tr>
          <th scope="col">Model</th>
          <th scope="col">Verdict</th>
          {keys.map((key) => <th scope="col" class="num" key={key}>{metricOf(report, key).label}</th>)}
          <th scope="col" class="num">Pays back after</th>
        </tr>
      </thead>
      <tbody>
        {report.models.map((model) => {
          const { verdict } = model;
          const variant = model.variants.find((v) => v.id === verdict.variant);
          const payback = variant && paybackOf(variant, energyCounts(model) ? 'energy' : 'time');
          return (
            <tr key={model.name}>
              <th scope="row"><a href={`#${anchor(model)}`}>{model.name}</a></th>
              <td data-label="Verdict"><span>{['adopt', 'provisional'].includes(verdict.decision) && variant ? <>use <Name label={variant.label} marks={marks} />{verdict.decision === 'provisional' && <small>if its accuracy holds on more images</small>}</> : verdict.decision === 'keep' ? 'keep the original' : 'no verdict yet'}</span></td>
              {keys.map((key) => {
                const said = change(verdict.changes.find((c) => c.metric === key));
                return (
                  <td class="num" key={key} data-label={metricOf(report, key).label}>
                    {said.value ? <><b>{said.value}</b><small>{said.interval}</small></> : <span class="none">no change</span>}
                  </td>
                );
              })}
              <td class="num" data-label="Pays back after">{payback?.images != null ? <><b>{imagesText(payback.images)}</b><small>images</small></> : <span class="none">{variant && !variant.baseline ? 'not shown' : 'nothing to pay'}</span>}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
