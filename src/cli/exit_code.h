#pragma once

namespace espalier::cli {

/// What the program answers to the shell. An unscoped enumeration, because commands hand it on as an int.
enum ExitCode {
    kOk = 0,             ///< done, also where the verdict is to keep the original
    kFailure = 1,        ///< something went wrong
    kUsage = 2,          ///< the command or its input is at fault
    kCannotMeasure = 3,  ///< what was demanded cannot be measured here
    kGate = 4,           ///< a gate failed: accuracy, an artefact in an audited file
    kPartial = 5,        ///< done, but some trials failed
    kUnfinished = 75,    ///< interrupted; the same command goes on (EX_TEMPFAIL of sysexits.h)
};

}  // namespace espalier::cli
