import uPlot from 'uplot';
import { formatBytes, formatPercent, formatRate } from '../protocol/format.ts';
import type { TreeId } from '../protocol/identity.ts';
import { byId, make, themed } from './element.ts';
import type { Look } from './looks.ts';
import { text } from './texts.ts';
import type { Measure, Range, Timeline } from './timeline.ts';

const height = 120;

interface Kind {
  readonly measure: Measure;
  readonly title: string;
  /** What the scale reaches to at least, so that what is idle is not magnified. */
  readonly least: number;
  /** Distances of its lines; the usual ones where absent. */
  readonly steps?: number[];
  /** Shown only where some tree uses a GPU. */
  readonly ofGpus?: true;
  format(value: number): string;
}

/** Of what is counted in powers of 1024. */
const byteSteps = Array.from({ length: 45 }, (_, power) => 2 ** power);

const kinds: readonly Kind[] = [
  { measure: 'cpuPercent', title: text('cpu'), least: 10, format: formatPercent },
  { measure: 'memoryBytes', title: text('memory'), least: 2 ** 20, steps: byteSteps, format: formatBytes },
  { measure: 'storageRate', title: text('storage'), least: 2 ** 20, steps: byteSteps, format: formatRate },
  { measure: 'gpuPercent', title: text('gpu'), least: 10, format: formatPercent, ofGpus: true },
  { measure: 'gpuMemoryBytes', title: text('gpuMemory'), least: 2 ** 20, steps: byteSteps, format: formatBytes, ofGpus: true },
];

export interface Line {
  readonly id: TreeId;
  readonly name: string;
  readonly look: Look;
}

/** Width of the lines in pixels. */
const lineWidth = 1.5;
/** Length in pixels of the piece of a line that stands for it in the legend: three of the longest dashes. */
const sampleLength = 28;
/** Distance in pixels from the left of that piece to the name behind it, in pictures. */
const nameOffset = sampleLength + 6;

/** As a color of the page; themes need not define every color. */
function colourOf({ colour }: Look): string {
  return themed(colour) || themed('foreground');
}

/** A piece of the line, for the legend. */
export function sampleOf(look: Look): HTMLCanvasElement {
  const sample = make('canvas', { class: 'sample', 'aria-hidden': 'true' });
  sample.width = sampleLength * devicePixelRatio;
  sample.height = 4 * devicePixelRatio;
  const context = sample.getContext('2d');
  if (context) drawSample(context, look, 0, sample.height / 2);
  return sample;
}

function drawSample(context: CanvasRenderingContext2D, look: Look, left: number, middle: number): void {
  context.strokeStyle = colourOf(look);
  context.lineWidth = 2 * lineWidth * devicePixelRatio;
  context.setLineDash(look.dash.map((length) => length * devicePixelRatio));
  context.beginPath();
  context.moveTo(left, middle);
  context.lineTo(left + sampleLength * devicePixelRatio, middle);
  context.stroke();
}

interface Shown {
  readonly kind: Kind;
  readonly figure: HTMLElement;
  readonly box: HTMLElement;
  readonly value: HTMLElement;
  plot: uPlot | undefined;
}

/** Least width of the charts, in seconds. */
const leastSeconds = 60;
/** From one time below a chart to the next, in pixels. */
const labelSpace = 80;

/** One chart for each measure, a line for each tree in each of them, and one cursor for all. */
export class Charts {
  readonly #timeline: Timeline;
  readonly #cursor = uPlot.sync('trees');
  readonly #shown: readonly Shown[];
  #lines: readonly Line[] = [];
  #range: Range = 'recent';

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
    this.#shown = kinds.map((kind) => {
      const value = make('span', { class: 'now' });
      const box = make('div', { class: 'plot', role: 'img' });
      const figure = make('figure', {}, make('figcaption', {}, kind.title, value), box);
      byId('charts').append(figure);
      return { kind, figure, box, value, plot: undefined };
    });
    new ResizeObserver(() => this.#resize()).observe(byId('charts'));
    // The theme is a class of the body.
    new MutationObserver(() => this.#rebuild()).observe(document.body, { attributeFilter: ['class'] });
  }

  show(lines: readonly Line[], range: Range): void {
    const same =
      range === this.#range && lines.length === this.#lines.length && lines.every(({ id }, index) => id === this.#lines[index]?.id);
    this.#lines = lines;
    this.#range = range;
    this.#showGpus(this.#timeline.usesGpu);
    if (same && this.#shown.every(({ plot }) => plot)) this.#update();
    else this.#rebuild();
  }

  /** All of them, one below the other, as they are on the screen. */
  picture(): string {
    const drawn = this.#shown.filter(({ figure }) => !figure.hidden);
    const canvases = drawn.flatMap(({ plot }) => plot?.ctx.canvas ?? []);
    const caption = 28 * devicePixelRatio;
    const picture = make('canvas');
    const context = picture.getContext('2d');
    if (!context) throw new Error('this browser draws no canvas');
    const font = `${13 * devicePixelRatio}px sans-serif`;
    context.font = font;
    const width = Math.max(...canvases.map((canvas) => canvas.width));
    const legend = this.#legend(context, width);
    picture.width = width;
    picture.height = canvases.reduce((sum, canvas) => sum + canvas.height + caption, 0) + ((legend.at(-1)?.row ?? 0) + 1) * caption;
    context.fillStyle = themed('editor-background');
    context.fillRect(0, 0, picture.width, picture.height);
    // The size of a canvas was set: its font has to be set again.
    context.font = font;
    let top = 0;
    for (const [index, canvas] of canvases.entries()) {
      context.fillStyle = themed('foreground');
      context.fillText(drawn[index]?.kind.title ?? '', 8, top + caption * 0.7);
      context.drawImage(canvas, 0, top + caption);
      top += canvas.height + caption;
    }
    context.fillStyle = themed('foreground');
    for (const { line, left, row } of legend) {
      drawSample(context, line.look, left, top + caption * (row + 0.55));
      context.fillText(line.name, left + nameOffset * devicePixelRatio, top + caption * (row + 0.7));
    }
    return picture.toDataURL('image/png').replace(/^.*,/, '');
  }

  /** Where in the picture the name of each line stands, in as many rows as it takes. */
  #legend(
    context: CanvasRenderingContext2D,
    width: number,
  ): readonly { readonly line: Line; readonly left: number; readonly row: number }[] {
    const margin = 8;
    let [left, row] = [margin, 0];
    return this.#lines.map((line) => {
      const end = left + nameOffset * devicePixelRatio + context.measureText(`${line.name}   `).width;
      const wraps = end > width && left > margin;
      if (wraps) row += 1;
      const place = { line, left: wraps ? margin : left, row };
      left = wraps ? margin + end - left : end;
      return place;
    });
  }

  #showGpus(isUsed: boolean): void {
    for (const { kind, figure } of this.#shown) if (kind.ofGpus) figure.hidden = !isUsed;
    if (!document.body.classList.contains('uses-gpu') === isUsed) {
      document.body.classList.toggle('uses-gpu', isUsed);
      this.#resize();
    }
  }

  #update(): void {
    for (const shown of this.#shown) {
      if (shown.figure.hidden) continue;
      shown.plot?.setData(this.#data(shown.kind));
      this.#label(shown);
    }
  }

  #rebuild(): void {
    for (const shown of this.#shown) {
      shown.plot?.destroy();
      shown.plot = new uPlot(this.#options(shown), this.#data(shown.kind), shown.box);
      this.#label(shown);
    }
  }

  #resize(): void {
    for (const { plot, box } of this.#shown) plot?.setSize({ width: widthOf(box), height });
  }

  #data({ measure }: Kind): uPlot.AlignedData {
    const { at, values } = this.#timeline.chart(
      this.#lines.map(({ id }) => id),
      this.#range,
      measure,
    );
    return [at.map((millis) => millis / 1000), ...values.map((column) => [...column])];
  }

  /** The newest values, or those under the cursor, for eyes; the newest ones for screen readers. */
  #label({ kind, box, value, plot }: Shown): void {
    const { title, format } = kind;
    const [times = [], ...columns] = plot?.data ?? [];
    const under = plot?.cursor.idx ?? undefined;
    const newest = columns.map((column) => column.at(-1) ?? 0);
    const total = format(newest.reduce((sum, one) => sum + one, 0));
    const each = (values: readonly (number | null | undefined)[]): string =>
      this.#lines.map(({ name }, index) => `${name} ${typeof values[index] === 'number' ? format(values[index]) : '–'}`).join(', ');
    value.textContent = under === undefined ? total : `${timeOf(times[under] ?? 0)}  ${each(columns.map((column) => column[under]))}`;
    box.setAttribute('aria-label', text('allTogether', title, total, each(newest)));
  }

  #options(shown: Shown): uPlot.Options {
    const { kind, box } = shown;
    const { format, least, steps } = kind;
    const axis: uPlot.Axis = {
      stroke: themed('descriptionForeground') || themed('foreground'),
      grid: { stroke: themed('panel-border') || 'transparent', width: 1 },
      ticks: { show: false },
      font: `11px ${themed('font-family') || 'sans-serif'}`,
    };
    return {
      width: widthOf(box),
      height,
      cursor: { sync: { key: this.#cursor.key }, points: { size: 6 }, drag: { x: false, y: false } },
      legend: { show: false },
      hooks: { setCursor: [() => this.#label(shown)] },
      scales: {
        x: { range: (_plot, from, to) => timeRange(from, to) },
        y: { range: (_plot, _min, max) => [0, Math.max(max * 1.1, least)] },
      },
      axes: [
        { ...axis, size: 26, space: labelSpace, values: (_plot, ticks) => ticks.map((seconds) => timeOf(seconds)) },
        { ...axis, size: 66, ...(steps && { incrs: steps }), values: (_plot, ticks) => ticks.map((value) => format(value)) },
      ],
      series: [
        {},
        ...this.#lines.map(
          ({ name, look }): uPlot.Series => ({
            label: name,
            stroke: colourOf(look),
            width: lineWidth,
            dash: [...look.dash],
            points: { show: false },
            spanGaps: true,
          }),
        ),
      ],
    };
  }
}

/** In seconds. Of the first samples, or none, the range is a minute up to now: a shorter one has no room for times that differ. */
function timeRange(from: number | null, to: number | null): [number, number] {
  const endAt = to ?? Date.now() / 1000;
  return [Math.min(from ?? endAt, endAt - leastSeconds), endAt];
}

function widthOf(box: HTMLElement): number {
  return Math.max(200, box.clientWidth);
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour12: false });
}
