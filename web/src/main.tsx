import { render } from 'preact';
import { Overview } from './charts/overview.tsx';
import { dateText } from './format.ts';
import { marksOf } from './marks.tsx';
import { type Report, SCHEMA } from './model.ts';
import { AcrossModels } from './parts/across.tsx';
import { Chapter } from './parts/chapter.tsx';
import { Glossary } from './parts/glossary.tsx';
import { Logo } from './parts/logo.tsx';
import { Masthead } from './parts/masthead.tsx';
import { Environment, Method } from './parts/method.tsx';
import { Summary } from './parts/summary.tsx';
import { Warnings } from './parts/warnings.tsx';
import './style.css';

function Page({ report }: { report: Report }) {
  const marks = marksOf(report);
  const cautions = report.warnings.filter((w) => w.severity === 'warning');
  const notes = report.warnings.filter((w) => w.severity !== 'warning');
  const several = report.models.length > 1;
  return (
    <>
      <Masthead report={report} />
      {cautions.length > 0 && <Warnings warnings={cautions} />}
      {several && (
        <section class="chapter first" aria-labelledby="glance">
          <header><h2 id="glance">At a glance</h2></header>
          <Summary report={report} marks={marks} />
          <Overview report={report} marks={marks} />
          {report.across && <AcrossModels across={report.across} marks={marks} />}
        </section>
      )}
      {report.models.map((model) => <Chapter key={model.name} report={report} model={model} marks={marks} />)}
      <section class="chapter back" aria-labelledby="method">
        <header><h2 id="method">How it was measured</h2></header>
        <Method report={report} />
        {notes.length > 0 && <Warnings warnings={notes} />}
      </section>
      <section class="chapter back" aria-labelledby="environment">
        <header><h2 id="environment">Where it was measured</h2></header>
        <Environment report={report} />
        {report.study.command && <><h3>To repeat it</h3><pre class="command" tabIndex={0}>{report.study.command}</pre></>}
      </section>
      <section class="chapter back" aria-labelledby="words">
        <header><h2 id="words">What the metrics mean</h2></header>
        <Glossary report={report} />
      </section>
      <footer class="colophon">
        <Logo size={20} />
        <p>
          {report.generator.name} {report.generator.version}{report.generator.commit && ` (${report.generator.commit})`} · study {report.study.id} · written {dateText(report.created)} · {report.schema}
        </p>
      </footer>
    </>
  );
}

function start() {
  const root = document.getElementById('report')!;
  root.textContent = '';
  const data: unknown = JSON.parse(document.getElementById('data')!.textContent ?? '');
  const report = data as Report;
  if (report.schema !== SCHEMA) {
    render(<p class="empty">This page shows {SCHEMA}; its data is {String(report.schema ?? 'missing')}.</p>, root);
    return;
  }
  document.title = `${report.models.map((m) => m.name).join(', ')}: Espalier report ${report.study.id}`;
  render(<Page report={report} />, root);
}

start();
