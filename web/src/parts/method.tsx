import { decimalsOf, fixed, shown, UNKNOWN } from '../format.ts';
import type { Report } from '../model.ts';

/** "2.1 s", "35 ms". */
function duration(seconds: number): string {
  const as = shown('s', seconds);
  const value = seconds * as.factor;
  return `${fixed(value, Math.max(0, decimalsOf(value, 2)))} ${as.unit}`;
}

export function Method({ report }: { report: Report }) {
  const { method } = report;
  return (
    <>
      <p class="lead">{method.design}</p>
      <ol class="steps">
        {method.steps.map((step) => (
          <li key={step.name}>
            <b>{step.name}</b>
            <span>{step.description}</span>
            <small>{step.seconds === null ? 'time unknown' : duration(step.seconds)}</small>
          </li>
        ))}
      </ol>
      <div class="prose">{method.statistics.map((text) => <p key={text}>{text}</p>)}</div>
      <div class="scroll" tabIndex={0} role="region" aria-label="Meters">
        <table class="plain">
          <thead><tr><th scope="col">Meter</th><th scope="col">Tier</th><th scope="col">Source</th><th scope="col">Scope</th><th scope="col">Refresh</th></tr></thead>
          <tbody>
            {method.meters.map((m) => (
              <tr key={m.name + m.scope}><th scope="row">{m.name}</th><td>{m.tier}</td><td>{m.source}{m.note && <small>{m.note}</small>}</td><td>{m.scope}</td><td>{m.refresh_ms === null ? UNKNOWN : `${fixed(m.refresh_ms, 0)} ms`}</td></tr>
            ))}
            {method.meters.length === 0 && <tr><td colSpan={5}>No meter could be read.</td></tr>}
          </tbody>
        </table>
      </div>
      <h3>Figures that were given, not measured</h3>
      <div class="scroll" tabIndex={0} role="region" aria-label="Given figures">
        <table class="plain">
          <thead><tr><th scope="col">Figure</th><th scope="col" class="num">Value</th><th scope="col">Date</th><th scope="col">Source</th></tr></thead>
          <tbody>
            {report.inputs.map((i) => (
              <tr key={i.name}><th scope="row">{i.name}</th><td class="num">{i.value === null ? UNKNOWN : `${i.value} ${i.unit}`}</td><td>{i.date ?? UNKNOWN}</td><td>{i.source}</td></tr>
            ))}
            {report.inputs.length === 0 && <tr><td colSpan={4}>None.</td></tr>}
          </tbody>
        </table>
      </div>
      {method.seed !== null && <p class="note">Seed {method.seed}; the whole order is stored with the study.</p>}
    </>
  );
}

export function Environment({ report }: { report: Report }) {
  const groups = [...new Set(report.environment.map((f) => f.group))];
  return (
    <div class="environment">
      {groups.map((group) => (
        <section key={group}>
          <h3>{group}</h3>
          <dl>
            {report.environment.filter((f) => f.group === group).map((f) => (
              <div key={f.name}><dt>{f.name}</dt><dd>{f.value ?? UNKNOWN}{f.note && <small>{f.note}</small>}</dd></div>
            ))}
          </dl>
        </section>
      ))}
    </div>
  );
}
