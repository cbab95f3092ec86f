import { formatDuration } from '../protocol/format.ts';
import { visible } from '../protocol/visible.ts';
import { byId } from './element.ts';
import { layoutOf } from './graphLayout.ts';
import type { DrawnNode } from './graphNodes.ts';
import { text } from './texts.ts';

/** Number of processes beyond which a picture is no help; `tree-warden graph` prints them. */
const maxDrawn = 150;
const svgNamespace = 'http://www.w3.org/2000/svg';

interface DrawnBox {
  readonly group: SVGElement;
  readonly detail: SVGElement;
}

/** The graph of dependencies, from left to right in the order of a start. Its shape is laid out when that changes; what changes in between is drawn in place. */
export class GraphView {
  readonly #section = byId('graph');
  readonly #onChoose: (name: string) => void;
  readonly #boxes = new Map<string, DrawnBox>();
  readonly #arrows = new Map<string, SVGElement>();
  #shape = '';

  /** @param onChoose Is given the name of a process that was clicked, or chosen by keyboard. */
  constructor(onChoose: (name: string) => void) {
    this.#onChoose = onChoose;
  }

  show(nodes: readonly DrawnNode[]): void {
    const isDrawn = nodes.length > 0 && nodes.length <= maxDrawn;
    this.#section.hidden = !isDrawn;
    if (!isDrawn) return;
    const shape = JSON.stringify(nodes.map(({ name, dependsOn }) => [name, dependsOn]));
    if (shape !== this.#shape) this.#draw(nodes);
    this.#shape = shape;
    for (const node of nodes) this.#update(node);
    const critical = new Set(nodes.filter(({ isCritical }) => isCritical).map(({ name }) => name));
    for (const { name, dependsOn } of nodes)
      for (const one of dependsOn)
        this.#arrows.get(keyOf(one.name, name))?.classList.toggle('critical', critical.has(name) && critical.has(one.name));
  }

  #draw(nodes: readonly DrawnNode[]): void {
    const { width, height, boxes, arrows } = layoutOf(nodes);
    this.#boxes.clear();
    this.#arrows.clear();
    const picture = make('svg', { width, height, viewBox: `0 0 ${width} ${height}` });
    const head = make('marker', {
      id: 'arrow',
      viewBox: '0 0 8 8',
      refX: 8,
      refY: 4,
      markerUnits: 'userSpaceOnUse',
      markerWidth: 8,
      markerHeight: 8,
      orient: 'auto',
    });
    head.append(make('path', { d: 'M0 0L8 4L0 8z' }));
    picture.append(head);
    const conditions = new Map(
      nodes.flatMap(({ name, dependsOn }) =>
        dependsOn.map((one) => [keyOf(one.name, name), `${one.name} → ${name}: ${one.condition}`] as const),
      ),
    );
    for (const { from, to, points } of arrows) {
      const key = keyOf(from, to);
      const line = make('path', { class: 'arrow', d: `M${points.map(({ x, y }) => `${x} ${y}`).join('L')}`, 'marker-end': 'url(#arrow)' });
      line.append(titled(conditions.get(key) ?? ''));
      this.#arrows.set(key, line);
      picture.append(line);
    }
    for (const { name, x, y, width: wide, height: high } of boxes) {
      const group = make('g', { class: 'box', transform: `translate(${x} ${y})`, tabindex: 0, role: 'button' });
      const detail = make('text', { class: 'detail', x: 22, y: 29 });
      const label = make('text', { x: 22, y: 15 });
      // As many characters as there is room for.
      const room = Math.floor((wide - 28) / 7);
      label.textContent = visible(name.length > room ? `${name.slice(0, room - 1)}…` : name);
      group.append(
        make('rect', { width: wide, height: high, rx: 4 }),
        make('circle', { cx: 12, cy: 11, r: 4 }),
        label,
        detail,
        titled(name),
      );
      group.addEventListener('click', () => this.#onChoose(name));
      group.addEventListener('keydown', (event) => {
        if ((event as KeyboardEvent).key !== 'Enter' && (event as KeyboardEvent).key !== ' ') return;
        // The page would scroll.
        event.preventDefault();
        this.#onChoose(name);
      });
      this.#boxes.set(name, { group, detail });
      picture.append(group);
    }
    this.#section.replaceChildren(picture);
  }

  #update({ name, state, took, isCritical }: DrawnNode): void {
    const box = this.#boxes.get(name);
    if (box === undefined) return;
    box.group.setAttribute('class', `box ${state}${isCritical ? ' critical' : ''}`);
    // The models' table has a column of failures.
    const word = text(state === 'failed' ? 'hasFailed' : state);
    const detail = took === undefined ? word : `${word}, ${formatDuration(took)}`;
    box.detail.textContent = detail;
    box.group.setAttribute('aria-label', visible(`${name}: ${detail}`));
  }
}

function keyOf(from: string, to: string): string {
  return JSON.stringify([from, to]);
}

function titled(content: string): SVGElement {
  const title = make('title');
  title.textContent = visible(content);
  return title;
}

function make(tag: string, attributes: Readonly<Record<string, string | number>> = {}): SVGElement {
  const element = document.createElementNS(svgNamespace, tag) as SVGElement;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}
