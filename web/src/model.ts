/**
 * The report's view model, schema `espalier.report/1`. The same structures in C++ are in
 * src/report/view_model.h; the JSON keys are the field names.
 *
 * Rules: what is not known is null and shown as "unknown" together with its reason, never as 0. Every measured
 * number carries its interval, every number its unit, and the number's origin is in `source`.
 */

export const SCHEMA = 'espalier.report/1';

/** How sure an energy figure is, from a wall meter (A) to an uncalibrated model (E); N: no energy at all. */
export type Tier = 'A' | 'B' | 'C' | 'D' | 'E' | 'N';

/** How an interval was made. `factor`: the spread of an uncalibrated model, not a confidence interval. */
export type IntervalKind = 'bootstrap-95' | 'wilson-95' | 'newcombe-95' | 'factor' | 'range';

/** What a comparison with the baseline allows one to say. */
export type Finding = 'better' | 'worse' | 'no-difference' | 'inconclusive' | 'not-tested';

export interface Report {
  schema: string;
  generator: { name: string; version: string; commit: string | null };
  /** ISO 8601, UTC. */
  created: string;
  study: Study;
  /** Facts of the machine, in groups, in the order they are shown. */
  environment: Fact[];
  method: Method;
  /** Every metric of the report, in the order of the table; measures are stored under its key. */
  metrics: Metric[];
  /** Prices, intensities and other figures that were given, not measured. */
  inputs: CostInput[];
  models: Model[];
  /** Of two models or more. */
  across: Across | null;
  warnings: Warning[];
}

export interface Study {
  id: string;
  name: string;
  question: string;
  started: string | null;
  finished: string | null;
  blocks_planned: number;
  blocks_complete: number;
  trials_planned: number;
  trials_done: number;
  trials_failed: number;
  /** Done, but left out of every number. */
  trials_excluded: number;
  /** The machine all results hold for, e.g. "Intel Xeon, 2 cores". */
  machine: string;
  /** The command that repeats the study. */
  command: string | null;
}

export interface Fact {
  group: string;
  name: string;
  value: string | null;
  note: string | null;
}

export interface Method {
  design: string;
  seed: number | null;
  blocks: number;
  images_per_trial: number | null;
  steps: ProtocolStep[];
  meters: Meter[];
  /** How the numbers were tested, one statement a paragraph. */
  statistics: string[];
}

export interface ProtocolStep {
  name: string;
  description: string;
  /** Median over all trials. */
  seconds: number | null;
}

export interface Meter {
  name: string;
  tier: Tier;
  source: string;
  scope: string;
  refresh_ms: number | null;
  note: string | null;
}

export interface Metric {
  key: string;
  label: string;
  unit: string;
  /** The heading under which the table groups it, e.g. "Energy". */
  group: string;
  better: 'lower' | 'higher' | null;
  /** How variants are compared with the baseline: by ratio, by difference, or not at all. */
  comparison: 'ratio' | 'difference' | null;
  description: string;
}

export interface Measure {
  value: number | null;
  low: number | null;
  high: number | null;
  interval: IntervalKind | null;
  /** What the number comes from, e.g. "RAPL package + DRAM". */
  source: string | null;
  /** Only for energy and power. */
  tier: Tier | null;
  /** Only for energy and power, e.g. "package-0, dram-0, gross". */
  scope: string | null;
  /** Why the value is unknown or not valid. */
  reason: string | null;
  /** One value for each entry of Model.blocks; null where the block has none. Empty if not repeated. */
  per_block: (number | null)[];
  comparison: Comparison | null;
  /** Of energy and power that are measured, where the meter has a budget. */
  uncertainty: Uncertainty | null;
}

/** How far the mean over blocks may be from the truth, one sigma, in the unit of the metric (GUM). */
export interface Uncertainty {
  standard: number;
  /** Type A: s / √n. */
  repetitions: number;
  /** Type B: refresh, resolution, averaging of the meter. */
  meter: number;
  /** Covers 95 %. */
  expanded: number;
}

/** A variant against the baseline of its model: value = variant / baseline, or variant - baseline. */
export interface Comparison {
  value: number | null;
  low: number | null;
  high: number | null;
  /** After Holm's correction. Null where no test was made. */
  p: number | null;
  test: string | null;
  finding: Finding;
  /** Only of metrics that are repeated by block. */
  effect: Effect | null;
  /** Standard uncertainty of value, what both have of one meter's error left out. */
  uncertainty: number | null;
}

/** How large a difference is, beside its ratio. It describes; findings rest on the tests. */
export interface Effect {
  /** Cliff's delta: -1 where every run of the variant is lower than every one of the baseline. */
  delta: number;
  delta_low: number;
  delta_high: number;
  magnitude: 'negligible' | 'small' | 'medium' | 'large';
  /** Probability that a run of the variant is higher than one of the baseline. */
  a12: number;
  /** Variant / baseline within a block: Hodges-Lehmann of the logarithms. */
  typical: number;
  typical_low: number;
  typical_high: number;
  typical_interval: 'BCa' | 'percentile';
  /** Shapiro-Wilk of the log ratios; null where it is not defined. */
  normality_p: number | null;
  /** Of "no difference beyond the least effect", after Holm; null where not tested. */
  equivalence_p: number | null;
}

export interface Model {
  name: string;
  architecture: string;
  origin: string | null;
  revision: string | null;
  sha256: string | null;
  dataset: string;
  images: number | null;
  classes: number | null;
  input: string;
  /** Numbers of the blocks behind Measure.per_block. */
  blocks: number[];
  /** The baseline first. */
  variants: Variant[];
  omnibus: OmnibusTest[];
  verdict: Verdict;
}

/** Whether baseline and variants are all alike in one metric. */
export interface OmnibusTest {
  /** Metric.key */
  metric: string;
  test: string;
  statistic: number;
  degrees_of_freedom: number;
  p: number;
  blocks: number;
}

export interface Variant {
  /** Unique within the model. */
  id: string;
  label: string;
  tactic: string;
  runtime: string;
  device: string;
  /** null: unknown, of an imported study. */
  batch: number | null;
  threads: number | null;
  baseline: boolean;
  status: 'complete' | 'partial' | 'failed';
  /** What went wrong, where something did. */
  reason: string | null;
  /** Trials left out of every number, for a cause the plan names. */
  excluded: number;
  measures: Record<string, Measure>;
  paybacks: Payback[];
  evidence: Evidence | null;
}

/** When the cost of making the variant is earned back, in one currency ("energy", "money", "carbon", "time"). */
export interface Payback {
  currency: string;
  unit: string;
  /** Cost of making the variant. */
  cost: number | null;
  /** Saving of each image against the baseline; negative when the variant costs more. */
  saving: number | null;
  saving_low: number | null;
  saving_high: number | null;
  /** Break-even. Null with a reason where it is not shown. */
  images: number | null;
  images_low: number | null;
  images_high: number | null;
  reason: string | null;
}

/** Proof that the tactic happened in the variant that was measured. */
export interface Evidence {
  nodes_before: number | null;
  nodes_after: number | null;
  parameters: number | null;
  nonzero_parameters: number | null;
  weight_bytes: number | null;
  disk_bytes: number | null;
  arena_bytes: number | null;
  macs: number | null;
  /** Share of the MACs run by each kernel class, e.g. f32, int8, sparse. */
  macs_share: Record<string, number>;
  effective_macs: number | null;
  effective_macs_exploited: boolean;
  kernels: string[];
  passes: string[];
  device: string;
  notes: string[];
}

export interface Verdict {
  /** Adopt a variant (provisionally: its accuracy is not shown yet), keep the original, or none can be given. */
  decision: 'adopt' | 'provisional' | 'keep' | 'none';
  /** Variant.id of the recommended variant. */
  variant: string | null;
  /** The sentence, e.g. "Use compile+dynamic-quantization." */
  headline: string;
  /** One line why, e.g. "It halves the energy and loses no accuracy that could be shown." */
  because: string | null;
  changes: Change[];
  /** What the verdict holds for: machine, batch, threads. */
  conditions: string[];
  /** May not be used: they lose too much, or failed. */
  rejected: Rejection[];
  /** Might be used, but were not chosen; best first. */
  others: Rejection[];
  cautions: string[];
  /** Groups by the quantity that variants are chosen by, the least first; empty where too few blocks allow none. */
  ranking: Place[];
  /** E.g. "97 % of MACs in int8 kernels, weights 346 -> 88 MB on disk". */
  happened: string | null;
  /** E.g. "after 41 000 images: optimizing cost 50 kJ". */
  payback: string | null;
  /** Largest accepted loss of top-1 accuracy, in percentage points. */
  max_accuracy_drop: number | null;
  tier: Tier;
  source: string | null;
}

/** A place among the variants of a model, the baseline among them. */
export interface Place {
  label: string;
  /** 1 needs least; within a group no difference is shown that is worth a change. */
  group: number;
}

/** One tactic over several models; the model is the unit. */
export interface TacticAcross {
  tactic: string;
  models: number;
  saving: number;
  admissible: number;
  /** Typical change, in per cent. */
  change: number | null;
  low: number | null;
  high: number | null;
}

/** Models of one kind. */
export interface FamilyAcross {
  family: string;
  models: string[];
  /** The tactic that saves most of those that save and are admissible in all of them. */
  best: string | null;
  tactics: TacticAcross[];
}

/** Which tactic, for which family of models. */
export interface Across {
  quantity: 'energy' | 'time';
  tactics: TacticAcross[];
  families: FamilyAcross[];
  /** Result of the omnibus test over models, or why none was made. */
  test: string | null;
}

/** One line of the verdict: a metric before and after. */
export interface Change {
  metric: string;
  label: string;
  unit: string;
  from: number | null;
  to: number | null;
  /** Per cent for ratios, percentage points for differences. */
  change: number | null;
  change_unit: '%' | 'pt';
  low: number | null;
  high: number | null;
  remark: string | null;
}

export interface Rejection {
  variant: string;
  label: string;
  reason: string;
}

/** A figure somebody gave: value, unit, date and source; never measured by the study. */
export interface CostInput {
  name: string;
  value: number | null;
  unit: string;
  date: string | null;
  source: string;
}

export interface Warning {
  severity: 'warning' | 'note';
  text: string;
  /** What would remove it. */
  remedy: string | null;
}
