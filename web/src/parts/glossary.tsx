import type { Report } from '../model.ts';

export function Glossary({ report }: { report: Report }) {
  return (
    <dl class="glossary">
      {report.metrics.filter((m) => m.description).map((m) => (
        <div key={m.key}><dt>{m.label}{m.unit && <small> {m.unit}</small>}</dt><dd>{m.description}</dd></div>
      ))}
    </dl>
  );
}
