import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type EndState, isReadyPhase, nextPhase, stateOf, type TreeEvent, type TreePhase } from '../../../../src/warden/trees/treePhase.ts';

const escalation = { hurry: new AbortController(), done: Promise.resolve() };

const phases: Record<string, TreePhase> = {
  spawning: { at: 'spawning', requested: false },
  'spawning, called off': { at: 'spawning', requested: true },
  starting: { at: 'living', state: 'starting' },
  ready: { at: 'living', state: 'ready' },
  leaderless: { at: 'leaderless', isReady: true },
  'leaderless, starting': { at: 'leaderless', isReady: false },
  ending: { at: 'ending', escalation, requested: false },
  'ending, asked to': { at: 'ending', escalation, requested: true },
  'ending, failed': { at: 'ending', escalation, requested: false, failure: 'not alive' },
  stuck: { at: 'stuck', requested: false },
  'stuck, asked to': { at: 'stuck', requested: true },
  'stuck, failed': { at: 'stuck', requested: false, failure: 'not alive' },
  gone: { at: 'gone', state: 'killed', requested: true },
  over: { at: 'over', state: 'killed', requested: true, endedAt: 5 },
};

const events: Record<string, TreeEvent> = {
  spawned: { type: 'spawned', awaited: false },
  'spawned, to be waited for': { type: 'spawned', awaited: true },
  'found ready': { type: 'ready' },
  'spawn failed': { type: 'spawnFailed' },
  'end requested': { type: 'endRequested' },
  'end begun, asked to': { type: 'endBegun', escalation, requested: true },
  'end begun, failed': { type: 'endBegun', escalation, requested: false, failure: 'not alive' },
  'leader exited well, none left': { type: 'leaderExited', verdict: 'succeeded', membersLeft: false },
  'leader failed, none left': { type: 'leaderExited', verdict: 'failed', membersLeft: false },
  'leader failed, members kept': { type: 'leaderExited', verdict: 'failed', membersLeft: true },
  'gone, leader well': { type: 'gone', forced: false, verdict: 'succeeded' },
  'gone, leader unknown': { type: 'gone', forced: false, verdict: 'exited' },
  'gone, leader failed': { type: 'gone', forced: false, verdict: 'failed' },
  'gone, by force': { type: 'gone', forced: true, verdict: 'failed' },
  'got stuck': { type: 'stuck' },
  released: { type: 'released', at: 5 },
};

const gone = (state: EndState, requested = false): TreePhase => ({ at: 'gone', state, requested });
const ending = (requested: boolean, failure?: string): TreePhase => ({ at: 'ending', escalation, requested, failure });
const askedTo = ending(true);
const failed = ending(false, 'not alive');

/** What follows; everything that is not here is ignored. */
const transitions: Record<string, Record<string, TreePhase>> = {
  spawned: { spawning: { at: 'living', state: 'ready' }, 'spawning, called off': { at: 'living', state: 'ready' } },
  'spawned, to be waited for': {
    spawning: { at: 'living', state: 'starting' },
    'spawning, called off': { at: 'living', state: 'starting' },
  },
  'found ready': { starting: { at: 'living', state: 'ready' }, 'leaderless, starting': { at: 'leaderless', isReady: true } },
  'spawn failed': { spawning: gone('failed'), 'spawning, called off': gone('failed', true) },
  'end requested': {
    spawning: { at: 'spawning', requested: true },
    'spawning, called off': { at: 'spawning', requested: true },
    ending: askedTo,
    'ending, asked to': askedTo,
    'ending, failed': ending(true, 'not alive'),
  },
  'end begun, asked to': {
    ...{
      starting: askedTo,
      ready: askedTo,
      leaderless: askedTo,
      'leaderless, starting': askedTo,
      stuck: askedTo,
      'stuck, asked to': askedTo,
    },
    'stuck, failed': ending(true, 'not alive'),
  },
  'end begun, failed': {
    ...{ starting: failed, ready: failed, leaderless: failed, 'leaderless, starting': failed, stuck: failed, 'stuck, failed': failed },
    'stuck, asked to': ending(true, 'not alive'),
  },
  'leader exited well, none left': { starting: gone('succeeded'), ready: gone('succeeded') },
  'leader failed, none left': { starting: gone('failed'), ready: gone('failed') },
  'leader failed, members kept': { starting: { at: 'leaderless', isReady: false }, ready: { at: 'leaderless', isReady: true } },
  'gone, leader well': {
    ...{ leaderless: gone('succeeded'), 'leaderless, starting': gone('succeeded'), ending: gone('succeeded'), stuck: gone('succeeded') },
    ...{ 'ending, failed': gone('failed'), 'stuck, failed': gone('failed') },
    ...{ 'ending, asked to': gone('exited', true), 'stuck, asked to': gone('exited', true) },
  },
  'gone, leader unknown': {
    ...{ leaderless: gone('exited'), 'leaderless, starting': gone('exited'), ending: gone('exited'), stuck: gone('exited') },
    ...{ 'ending, failed': gone('failed'), 'stuck, failed': gone('failed') },
    ...{ 'ending, asked to': gone('exited', true), 'stuck, asked to': gone('exited', true) },
  },
  'gone, leader failed': {
    ...{ leaderless: gone('failed'), 'leaderless, starting': gone('failed'), ending: gone('failed'), stuck: gone('failed') },
    ...{ 'ending, failed': gone('failed'), 'stuck, failed': gone('failed') },
    ...{ 'ending, asked to': gone('exited', true), 'stuck, asked to': gone('exited', true) },
  },
  'gone, by force': {
    ...{ leaderless: gone('failed'), 'leaderless, starting': gone('failed'), ending: gone('failed'), stuck: gone('failed') },
    ...{ 'ending, failed': gone('failed'), 'stuck, failed': gone('failed') },
    ...{ 'ending, asked to': gone('killed', true), 'stuck, asked to': gone('killed', true) },
  },
  'got stuck': {
    ending: { at: 'stuck', requested: false, failure: undefined },
    'ending, asked to': { at: 'stuck', requested: true, failure: undefined },
    'ending, failed': { at: 'stuck', requested: false, failure: 'not alive' },
  },
  released: { gone: { at: 'over', state: 'killed', requested: true, endedAt: 5 } },
};

const plain = (phase: TreePhase | undefined): unknown => phase && { failure: undefined, ...phase };

describe('a tree in each phase, at each event', () => {
  for (const [name, event] of Object.entries(events)) {
    for (const [where, phase] of Object.entries(phases)) {
      const expected = transitions[name]?.[where];
      it(`${where}, ${name}: ${expected ? stateOf(expected) : 'ignored'}`, () =>
        assert.deepEqual(plain(nextPhase(phase, event)), plain(expected)));
    }
  }
});

describe('a phase', () => {
  it('counts as ready while it runs, and in no phase of an end, also of one that was never ready', () => {
    const counted = Object.entries(phases).filter(([, phase]) => isReadyPhase(phase));
    assert.deepEqual(
      counted.map(([name]) => name),
      ['ready', 'leaderless'],
    );
    const stopped: TreePhase = { at: 'gone', state: 'exited', requested: true };
    assert.deepEqual([stateOf(stopped), isReadyPhase(stopped)], ['exited', false]);
  });
});
