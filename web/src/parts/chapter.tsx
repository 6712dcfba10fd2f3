import { Distribution } from '../charts/distribution.tsx';
import { Forest } from '../charts/forest.tsx';
import { Pareto } from '../charts/pareto.tsx';
import { Payback } from '../charts/payback.tsx';
import { fixed } from '../format.ts';
import type { Marks } from '../marks.tsx';
import type { Model, Report } from '../model.ts';
import { Effects } from './effects.tsx';
import { EvidenceCards } from './evidence.tsx';
import { anchor } from './summary.tsx';
import { VariantTable } from './table.tsx';
import { VerdictBlock } from './verdict.tsx';

/** Everything about one model, the verdict first. */
export function Chapter({ report, model, marks }: { report: Report; model: Model; marks: Marks }) {
  const id = anchor(model);
  const origin = [
    model.architecture, `input ${model.input}`, model.classes !== null && `${model.classes} classes`, `${model.dataset}${model.images === null ? '' : `, ${fixed(model.images, 0)} images`}`,
    model.revision && `revision ${model.revision}`, model.sha256 && `sha256 ${model.sha256.slice(0, 12)}`,
  ].filter(Boolean);
  const chart = { report, model, marks };
  return (
    <section class="chapter" id={id} aria-labelledby={`${id}-title`}>
      <header>
        <h2 id={`${id}-title`}>{model.name}</h2>
        <p class="origin">{origin.join(' · ')}</p>
      </header>
      <VerdictBlock {...chart} />
      <Pareto {...chart} id={`${id}-pareto`} />
      <Forest {...chart} id={`${id}-forest`} />
      <Effects {...chart} />
      <Distribution {...chart} id={`${id}-blocks`} />
      <Payback {...chart} id={`${id}-payback`} />
      <section class="figure">
        <h3>Did the tactic happen?</h3>
        <p class="finding">What was found in the variant that ran, not what was asked for.</p>
        <EvidenceCards model={model} marks={marks} />
      </section>
      <section class="figure">
        <h3>Every number</h3>
        <p class="finding">Below each value its 95 % interval and its change against the baseline: coloured where a test shows it, grey where none does. Press a metric to sort the variants by it.</p>
        <VariantTable {...chart} />
      </section>
    </section>
  );
}
