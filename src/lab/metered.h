#pragma once

#include <vector>

#include "meters/sampler.h"
#include "store/records.h"

namespace espalier::lab {

/// Puts what the meters say about a phase into its record: energies by zone, processor time, everything else
/// as readings called "<meter> <zone>" with their unit.
void add_windows(const std::vector<meters::WindowReading>& windows, store::PhaseRecord& phase);

/// Notes "meters-disagree" on pairs of meters of one device whose energies of a phase differ by more than a
/// tenth and more than three standard uncertainties: one of them is wrong, and which is not known. A model
/// says nothing here.
std::vector<store::NoteRecord> judge_agreement(const store::PhaseRecord& phase);

/// Notes "conservation" where the parts of the machine together drew more than the whole of it, by more than
/// three standard uncertainties: something is counted twice. The best meter of each part counts; a model says
/// nothing here, nor does a module's meter, which holds parts that have their own.
std::vector<store::NoteRecord> judge_conservation(const store::PhaseRecord& phase);

/// What the meters noticed about themselves, as readings called "<meter> <figure>".
void add_figures(const std::vector<meters::Meter*>& meters, store::PhaseRecord& phase);

/// Power over time, one trace per meter that measures energy or power.
std::vector<store::TraceRecord> power_traces(const meters::Sampler& sampler, const meters::Mark& begin,
                                             const meters::Mark& end);

}  // namespace espalier::lab
