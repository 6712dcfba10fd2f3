import type { ComponentChildren } from 'preact';
import { metricOf } from '../analysis.ts';
import { changeText, fixed, shown, typeset, uncertaintyParts, uncertaintyText, valueText } from '../format.ts';
import type { Marks } from '../marks.tsx';
import { Name } from '../marks.tsx';
import type { Change, Model, Rejection, Report, Tier } from '../model.ts';

const TIERS: Record<Tier, string> = {
  A: 'measured at the wall', B: 'measured by hardware counters', C: 'measured by integrated sensors', D: 'modelled, calibrated on this machine', E: 'estimated, not measured', N: 'energy not measured',
};

/** How sure the energy is, in words and by its letter; never left out beside an energy figure. */
export function TierBadge({ tier, source }: { tier: Tier; source: string | null }) {
  return (
    <span class={`tier tier-${tier}`}>
      <b>tier {tier}</b> {TIERS[tier]}{source ? ` (${source})` : ''}
    </span>
  );
}

/** The name of the chosen tactic is set apart inside the sentence, where it occurs. */
function Headline({ text, label }: { text: string; label: string | undefined }) {
  const at = label ? text.indexOf(label) : -1;
  if (!label || at < 0) return <>{text}</>;
  return <>{text.slice(0, at)}<span class="tactic">{label}</span>{text.slice(at + label.length)}</>;
}

function ChangeFigure({ change, report, model }: { change: Change; report: Report; model: Model }) {
  const metric = metricOf(report, change.metric);
  const as = shown(change.unit, change.from);
  const said = changeText(change.change, change.low, change.high, change.change_unit);
  const measures = (id: string | null | undefined) => model.variants.find((v) => v.id === id)?.measures[change.metric];
  const value = (number: number | null, id: string | null | undefined) => {
    const measure = measures(id);
    if (measure && measure.value !== null && number !== null && Math.abs(measure.value - number) <= 1e-6 * Math.abs(number)) return valueText(measure, as);
    return number === null ? 'unknown' : fixed(number * as.factor, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(number * as.factor) || 1))));
  };
  const origin = measures(model.verdict.variant);
  const finding = origin?.comparison?.finding;
  return (
    <div class="change">
      <dt>{metric.label || change.label}</dt>
      <dd>
        <span class={`big ${finding === 'better' || finding === 'worse' ? finding : ''}`}>{said.value}</span>
        <span class="from-to">{value(change.from, model.variants.find((v) => v.baseline)?.id)} → {value(change.to, model.verdict.variant)} {as.unit}</span>
        {said.interval && <span class="interval-text">95 % interval {said.interval} {change.change_unit}</span>}
        {origin?.tier && <span class="interval-text" title={uncertaintyParts(origin)}>tier {origin.tier}, {origin.source}, {origin.scope}{origin.uncertainty ? `; ${uncertaintyText(origin, as)} ${as.unit}` : ''}</span>}
        {change.remark && <span class="interval-text">{typeset(change.remark)}</span>}
      </dd>
    </div>
  );
}

type Side = [string, ComponentChildren];

export function VerdictBlock({ report, model, marks }: { report: Report; model: Model; marks: Marks }) {
  const { verdict } = model;
  const variant = model.variants.find((v) => v.id === verdict.variant);
  const left: Side[] = [];
  const right: Side[] = [];
  if (verdict.payback) left.push(['Pays back', typeset(verdict.payback)]);
  if (verdict.happened) left.push(['Happened', typeset(verdict.happened)]);
  if (verdict.conditions.length) left.push(['Holds for', verdict.conditions.join(', ')]);
  const named = (list: Rejection[]) => <ul class="rejected">{list.map((r) => <li key={r.variant}><Name label={r.label} marks={marks} /> <span>{typeset(r.reason)}</span></li>)}</ul>;
  if (verdict.rejected.length) right.push(['Rejected', named(verdict.rejected)]);
  if (verdict.others.length) right.push(['Not chosen', named(verdict.others)]);
  const told = new Set(report.warnings.map((w) => w.text));
  const cautions = verdict.cautions.filter((c) => !told.has(c));
  if (cautions.length) left.push(['Caution', <ul>{cautions.map((c) => <li key={c}>{typeset(c)}</li>)}</ul>]);
  return (
    <div class="verdict">
      <p class="headline"><Headline text={verdict.headline} label={variant?.label} /></p>
      {verdict.because && <p class="because">{typeset(verdict.because)}</p>}
      {verdict.changes.length > 0 && <dl class="changes">{verdict.changes.map((c) => <ChangeFigure key={c.metric} change={c} report={report} model={model} />)}</dl>}
      <div class="sides">{[left, right].map((side, i) => <dl key={i}>{side.map(([name, text]) => <div key={name}><dt>{name}</dt><dd>{text}</dd></div>)}</dl>)}</div>
      <p class="tier-line"><TierBadge tier={verdict.tier} source={verdict.source} /></p>
    </div>
  );
}
