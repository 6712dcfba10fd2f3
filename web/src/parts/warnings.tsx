import type { Warning } from '../model.ts';

export function Warnings({ warnings }: { warnings: Warning[] }) {
  return (
    <ul class="warnings">
      {warnings.map((w) => (
        <li key={w.text} class={w.severity}>
          <strong>{w.severity === 'warning' ? 'Caution' : 'Note'}</strong>
          <p>
            {w.text} {w.remedy && <em>{w.remedy}</em>}
          </p>
        </li>
      ))}
    </ul>
  );
}
