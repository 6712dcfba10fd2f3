/** The models of a study compared with each other: which tactic, for which family. */
import { changeText, list } from '../format.ts';
import { Name, type Marks } from '../marks.tsx';
import type { Across } from '../model.ts';

export function AcrossModels({ across, marks }: { across: Across; marks: Marks }) {
  return (
    <section class="figure">
      <h3>Which tactic, for which family</h3>
      <p class="finding">By {across.quantity}; the model is the unit. {across.test}</p>
      <div class="scroll" tabIndex={0} role="region" aria-label="Families of models">
        <table class="plain">
          <thead><tr><th scope="col">Family</th><th scope="col">Saves in all of its models, and is not ruled out by accuracy</th><th scope="col">Models</th></tr></thead>
          <tbody>
            {across.families.map((f) => (
              <tr key={f.family}><th scope="row">{f.family}</th><td>{f.best === null ? 'no tactic' : <Name label={f.best} marks={marks} />}</td><td>{list(f.models)}</td></tr>
            ))}
          </tbody>
        </table>
      </div>
      <div class="scroll" tabIndex={0} role="region" aria-label="Tactics over all models">
        <table class="numbers">
          <thead><tr><th scope="col">Tactic</th><th scope="col">Typical change</th><th scope="col">Models</th><th scope="col">Saving shown</th><th scope="col">Not ruled out by accuracy</th></tr></thead>
          <tbody>
            {across.tactics.map((t) => {
              const said = changeText(t.change, t.low, t.high, '%');
              return <tr key={t.tactic}><th scope="row"><Name label={t.tactic} marks={marks} /></th><td>{said.value}{said.interval && <small>{said.interval}</small>}</td><td>{t.models}</td><td>{t.saving}</td><td>{t.admissible}</td></tr>;
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
