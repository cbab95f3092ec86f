import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { graphLines, mermaidLines, type ShownGraph, type ShownNode } from '../../src/cli/graphText.ts';

const graph = (nodes: Record<string, ShownNode>): ShownGraph => new Map(Object.entries(nodes));
const idle = { dependsOn: [], state: '-' } satisfies ShownNode;

const project = graph({
  db: { dependsOn: [], state: 'ready', times: { askedAt: 0, startedAt: 0, readyAt: 800 } },
  migrate: {
    dependsOn: [{ name: 'db', condition: 'ready' }],
    state: 'exited',
    times: { askedAt: 0, startedAt: 800, readyAt: 801, endedAt: 1400 },
  },
  api: {
    dependsOn: [
      { name: 'db', condition: 'ready', restart: true },
      { name: 'migrate', condition: 'succeeded' },
    ],
    state: 'ready',
    times: { askedAt: 0, startedAt: 1400, readyAt: 3300 },
  },
  other: idle,
});

describe('a graph of dependencies as text', () => {
  it('is a tree with what is depended on below, and does not repeat a part', () => {
    const steps = [
      { name: 'db', millis: 800 },
      { name: 'migrate', millis: 600 },
      { name: 'api', millis: 1900 },
    ];
    assert.deepEqual(graphLines(project, steps), [
      'NAME        NEEDED           STATE     TOOK',
      'api                          ready    1.9 s',
      '├─ db       ready, restarts  ready   800 ms',
      '└─ migrate  succeeded        exited  600 ms',
      '   └─ db    ready            ready   800 ms',
      'other                        -',
      '',
      'Critical path of the last start, 3.3 s: db 800 ms → migrate 600 ms → api 1.9 s',
    ]);
  });

  it('shows what is needed twice once, with a word where it stands again', () => {
    const lines = graphLines(
      graph({
        base: idle,
        db: { ...idle, dependsOn: [{ name: 'base', condition: 'ready' }] },
        a: { ...idle, dependsOn: [{ name: 'db', condition: 'ready' }] },
        b: { ...idle, dependsOn: [{ name: 'db', condition: 'ready' }] },
      }),
      [],
    );
    const column = lines[0]?.indexOf('NEEDED');
    assert.deepEqual(
      lines.slice(1).map((line) => line.slice(0, column).trimEnd()),
      ['a', '└─ db', '   └─ base', 'b', '└─ db (see above)'],
    );
  });

  it('is cut off where it is deeper than a person can read', () => {
    const chain = graph(
      Object.fromEntries(
        Array.from({ length: 10_000 }, (_, index) => [
          `n${index}`,
          { ...idle, dependsOn: index === 0 ? [] : [{ name: `n${index - 1}`, condition: 'ready' as const }] },
        ]),
      ),
    );
    const lines = graphLines(chain, []);
    assert.equal(lines.length, 53);
    assert.match(lines.at(-1) ?? '', /└─ …$/);
  });

  it('is a flowchart for Markdown, whatever the names are', () => {
    const lines = mermaidLines(graph({ 'a "b" #1': idle, end: { ...idle, dependsOn: [{ name: 'a "b" #1', condition: 'started' }] } }));
    assert.deepEqual(lines, ['flowchart TD', '  p0["a #34;b#34; #35;1"]', '  p1["end"]', '  p1 -->|started| p0']);
  });
});
