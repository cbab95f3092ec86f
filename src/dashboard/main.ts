/** The dashboard's page: draws what the extension tells, and tells what the user wants. */
import 'uplot/dist/uPlot.min.css';
import '../../media/dashboard.css';
import '../../media/modelPages.css';
import type { DashboardCommand, GraphProcess } from '../protocol/dashboard.ts';
import type { ModelSnapshot } from '../protocol/models.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { endText, labelOf } from '../protocol/trees.ts';
import { visible } from '../protocol/visible.ts';
import { ActivityView } from './activityView.ts';
import { Charts, type Line, sampleOf } from './charts.ts';
import { byId, make } from './element.ts';
import { drawnNodes } from './graphNodes.ts';
import { GraphView } from './graphView.ts';
import { host, pageState, remember } from './host.ts';
import { lookOf } from './looks.ts';
import { drawModels } from './modelTable.ts';
import { OutputPane } from './outputPane.ts';
import { PlaygroundView } from './playgroundView.ts';
import { processRows } from './processRows.ts';
import { ProcessTable } from './processTable.ts';
import { Tabs } from './tabs.ts';
import { text } from './texts.ts';
import { type Range, Timeline } from './timeline.ts';

const timeline = new Timeline();
const charts = new Charts(timeline);
const output = new OutputPane();
const table = new ProcessTable(pageState().order, pageState().filter, {
  onOrder: (order) => remember({ order }),
  onChoose: ({ treeName }) => follow(treeName),
});
const graph = new GraphView(follow);
const activity = new ActivityView();
const playground = new PlaygroundView();
let isWatched = false;
const tabs = new Tabs(pageState().tab, (tab) => {
  const isVisible = tab === 'activity';
  if (isVisible !== isWatched) host.tell({ kind: 'watchActivity', isVisible });
  isWatched = isVisible;
  if (tab === 'processes') drawCharts();
});
let trees: readonly TreeSnapshot[] = [];
let models: readonly ModelSnapshot[] = [];
let declared: readonly GraphProcess[] = [];

function lines(): Line[] {
  return timeline.trees.map(({ id, name, place }) => ({ id, name, look: lookOf(place) }));
}

function drawCharts(): void {
  const { range, hidden } = pageState();
  charts.show(
    lines().filter(({ name }) => !hidden.includes(name)),
    range,
  );
}

/** One chip for each name: a piece of its line, and whether its lines are drawn. What was restarted has one line before and one after that, which look alike. */
function drawLegend(): void {
  const byName = new Map(lines().map((line) => [line.name, line]));
  const chips = [...byName.values()].map(({ name, look }) => {
    const chip = make('button', {
      class: 'chip',
      'aria-pressed': String(!pageState().hidden.includes(name)),
      title: text('showOrHide', name),
    });
    chip.append(sampleOf(look), name);
    chip.addEventListener('click', () => {
      const { hidden } = pageState();
      remember({ hidden: hidden.includes(name) ? hidden.filter((other) => other !== name) : [...hidden, name] });
      drawLegend();
      drawCharts();
    });
    return chip;
  });
  byId('legend').replaceChildren(...chips);
}

function drawRange(): void {
  for (const button of document.querySelectorAll<HTMLElement>('[data-range]')) {
    button.setAttribute('aria-checked', String(button.dataset['range'] === pageState().range));
  }
}

/** One that has ended stays listed until the next of its name ends. */
function newest(name: string): TreeSnapshot | undefined {
  return trees.findLast((tree) => tree.name === name);
}

function follow(name: string): void {
  remember({ followed: name });
  drawFollowed();
  const tree = newest(name);
  if (tree) host.tell({ kind: 'follow', tree: tree.id });
}

function drawFollowed(): void {
  const { followed } = pageState();
  const tree = newest(followed);
  byId('followed').textContent = tree
    ? visible(`${labelOf(tree)}: ${tree.endedAt === undefined ? tree.state : endText(tree)}`)
    : text('choose');
  for (const button of document.querySelectorAll<HTMLButtonElement>('[data-command]')) {
    const { command } = button.dataset;
    const whileLive = command === 'stop' || command === 'killNow';
    button.disabled = tree === undefined || (whileLive && tree.endedAt !== undefined);
  }
}

function drawGraph(): void {
  graph.show(drawnNodes(declared, trees, models));
}

function take(at: number, now: readonly TreeSnapshot[]): void {
  const before = trees;
  trees = now;
  const fresh = timeline.add(at, now);
  if (fresh.length > 0 || before.length !== now.length) drawLegend();
  // They are drawn by the width that they have.
  if (tabs.shown === 'processes') drawCharts();
  table.update(processRows(now));
  drawGraph();
  drawFollowed();
  // A restart gives the same name to another tree.
  const followed = newest(pageState().followed);
  if (followed && !before.some(({ id }) => id === followed.id)) follow(followed.name);
}

byId<HTMLInputElement>('filter').value = pageState().filter;
byId<HTMLInputElement>('filter').addEventListener('input', ({ target }) => {
  const filter = (target as HTMLInputElement).value;
  remember({ filter });
  table.filter(filter);
});
for (const button of document.querySelectorAll<HTMLElement>('[data-range]')) {
  button.addEventListener('click', () => {
    remember({ range: button.dataset['range'] as Range });
    drawRange();
    drawCharts();
  });
}
for (const button of document.querySelectorAll<HTMLElement>('[data-command]')) {
  button.addEventListener('click', () =>
    host.tell({ kind: 'command', command: button.dataset['command'] as DashboardCommand, process: pageState().followed }),
  );
}
byId('export-csv').addEventListener('click', () => {
  const bytes = new TextEncoder().encode(timeline.csv(pageState().range));
  host.tell({ kind: 'save', name: 'processes.csv', base64: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')) });
});
byId('export-png').addEventListener('click', () => host.tell({ kind: 'save', name: 'processes.png', base64: charts.picture() }));

host.onMessage((message) => {
  switch (message.kind) {
    case 'trees':
      take(message.at, message.trees);
      break;
    case 'models':
      ({ models } = message);
      drawModels(models);
      activity.setModels(models);
      playground.setModels(models);
      tabs.setHasModels(models.length > 0);
      drawGraph();
      break;
    case 'graph':
      declared = message.processes;
      drawGraph();
      break;
    case 'history':
      timeline.load(message.tree, message.history);
      drawCharts();
      break;
    case 'output':
      output.show(message.text, message.anew);
      break;
    case 'show':
      tabs.choose(message.tab);
      if (message.model !== undefined && message.tab === 'activity') activity.showModel(message.model);
      if (message.model !== undefined && message.tab === 'playground') playground.showModel(message.model);
      break;
    case 'activity':
      activity.take(message);
      break;
    case 'bodies':
      activity.takeBodies(message.of, message.bodies);
      break;
    case 'replay':
      activity.takeReplay(message.of, message.text, message.anew, message.end);
      break;
    case 'answer':
      playground.take(message);
      break;
  }
});
// The theme is a class of the body.
new MutationObserver(() => drawLegend()).observe(document.body, { attributeFilter: ['class'] });
drawRange();
drawFollowed();
host.tell({ kind: 'ready' });
