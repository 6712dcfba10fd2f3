R"sql(
-- What draws the energy: variants are compared by meters of the device that executes them, or of the whole machine.
-- Every meter before this step was one of the processor.
ALTER TABLE energy ADD COLUMN device TEXT NOT NULL DEFAULT 'cpu'
    CHECK (device IN ('cpu', 'gpu', 'module', 'machine'));
)sql"
