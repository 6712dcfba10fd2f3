import { fixed, shown, UNKNOWN } from '../format.ts';
import type { Marks } from '../marks.tsx';
import { MarkShape } from '../marks.tsx';
import type { Evidence, Model, Variant } from '../model.ts';

/** A count or a size; without its unit where one of the same prefix follows. */
function amount(value: number | null, unit: string, next: number | null = null): string {
  if (value === null) return UNKNOWN;
  const as = shown(unit, value);
  const scaled = value * as.factor;
  const repeated = next !== null && shown(unit, next).unit === as.unit;
  return `${fixed(scaled, as.factor === 1 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(scaled) || 1))))} ${repeated ? '' : as.unit}`.trim();
}

const share = (part: number | null, whole: number | null) => (part === null || !whole ? UNKNOWN : `${fixed((part / whole) * 100, 0)} %`);

/** The share of an image's multiply-accumulates that each class of kernels ran. */
function Shares({ shares }: { shares: Record<string, number> }) {
  const parts = Object.entries(shares).sort((a, b) => b[1] - a[1]);
  const text = parts.map(([name, part]) => `${fixed(part * 100, part > 0.995 && part < 1 ? 1 : 0)} % ${name}`).join(', ');
  return (
    <div class="shares">
      <div class="bar" role="img" aria-label={`MACs by kernel class: ${text || UNKNOWN}`}>
        {parts.map(([name, part]) => <span key={name} class={`share share-${/^(int8|sparse|f32)$/.test(name) ? name : 'other'}`} style={{ flexGrow: part }} />)}
      </div>
      <span>{text || UNKNOWN} <span class="quiet">of MACs</span></span>
    </div>
  );
}

function Proof({ evidence, base }: { evidence: Evidence; base: Evidence | null }) {
  const changed = (value: number | null, before: number | null | undefined, unit: string) =>
    before != null && value !== null && before !== value ? `${amount(before, unit, value)} → ${amount(value, unit)}` : amount(value, unit);
  const facts: [string, string][] = [
    ['Nodes', changed(evidence.nodes_after, evidence.nodes_before, '')],
    ['Non-zero weights', share(evidence.nonzero_parameters, evidence.parameters)],
    ['On disk', changed(evidence.disk_bytes, base?.disk_bytes, 'B')],
    ['In memory', changed(evidence.weight_bytes, base?.weight_bytes, 'B')],
    ['Activations', changed(evidence.arena_bytes, base?.arena_bytes, 'B')],
  ];
  if (evidence.effective_macs !== null && evidence.effective_macs !== evidence.macs) {
    facts.push(['Zeros skipped', evidence.effective_macs_exploited ? `yes, ${share(evidence.effective_macs, evidence.macs)} of MACs left` : 'no']);
  }
  return (
    <>
      <Shares shares={evidence.macs_share} />
      <dl>{facts.map(([name, text]) => <div key={name}><dt>{name}</dt><dd>{text}</dd></div>)}</dl>
      {evidence.notes.map((note) => <p class="remark" key={note}>{note}</p>)}
      {(evidence.passes.length > 0 || evidence.kernels.length > 0) && (
        <details>
          <summary>Passes and kernels</summary>
          {evidence.passes.length > 0 && <p>{evidence.passes.join(', ')}</p>}
          <p>{evidence.kernels.join(', ')} on {evidence.device}</p>
        </details>
      )}
    </>
  );
}

export function EvidenceCards({ model, marks }: { model: Model; marks: Marks }) {
  const base = model.variants.find((v) => v.baseline)?.evidence ?? null;
  const card = (v: Variant) => (
    <li key={v.id} style={{ borderTopColor: marks.get(v.label)?.colour }}>
      <h4>
        <svg class="glyph" viewBox="-7 -7 14 14" width="13" height="13" aria-hidden="true"><MarkShape mark={marks.get(v.label)} /></svg> {v.label}
      </h4>
      {v.status !== 'complete' && <p class="remark">{v.status}: {v.reason ?? UNKNOWN}</p>}
      {v.evidence ? <Proof evidence={v.evidence} base={v.baseline ? null : base} /> : v.status === 'complete' && <p class="remark">no evidence was recorded</p>}
    </li>
  );
  return <ul class="evidence">{model.variants.map(card)}</ul>;
}
