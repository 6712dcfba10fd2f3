import { useEffect, useState } from 'preact/hooks';
import { dateText, plural } from '../format.ts';
import type { Report } from '../model.ts';
import { Logo } from './logo.tsx';

const THEMES = ['auto', 'light', 'dark'] as const;

/** The reader's choice lives in the page only: a file opened from disk has no storage of its own. */
function ThemeChoice() {
  const [theme, setTheme] = useState<(typeof THEMES)[number]>('auto');
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  return (
    <fieldset class="themes">
      <legend class="hidden">Colours</legend>
      {THEMES.map((name) => (
        <label key={name}>
          <input type="radio" name="theme" checked={theme === name} onChange={() => setTheme(name)} />
          <span>{name}</span>
        </label>
      ))}
    </fieldset>
  );
}

export function Masthead({ report }: { report: Report }) {
  const { study } = report;
  const unfinished = study.trials_done < study.trials_planned;
  const facts: [string, string][] = [
    ['Study', study.name ? `${study.name} · ${study.id}` : study.id],
    ['Finished', study.finished ? dateText(study.finished) : 'not yet'],
    ['Machine', study.machine],
    ['Trials', `${study.trials_done}${unfinished ? ` of ${study.trials_planned}` : ''} in ${plural(report.method.blocks, 'block')}, ${study.trials_failed || 'none'} failed`],
  ];
  return (
    <header class="masthead">
      <div class="brand">
        <Logo />
        <span>Espalier</span>
        <ThemeChoice />
      </div>
      <h1>{study.question || 'Which tactic should this model ship with?'}</h1>
      <dl class="facts">{facts.map(([name, text]) => <div key={name}><dt>{name}</dt><dd>{text}</dd></div>)}</dl>
    </header>
  );
}
