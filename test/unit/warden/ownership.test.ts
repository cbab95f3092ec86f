/** For which client the trees live: they live while there is a live owner or a running grace, and no longer. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { errorCodes } from '../../../src/protocol/errorCodes.ts';
import { Ownership } from '../../../src/warden/ownership.ts';
import { randomFrom } from '../../support/random.ts';

const patience = 2000;
const grace = 15_000;

type Outcome = 'waits' | 'granted' | { readonly code: number; readonly message: string };

class Session {
  readonly name: string;
  closed = false;
  outcome: Outcome = 'waits';
  wasGranted = false;

  constructor(name: string) {
    this.name = name;
  }
}

/** Lets the promises that are settled be heard. */
async function heard(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
}

class World {
  readonly sessions = ['owner', 'first', 'second', 'third'].map((name) => new Session(name));
  readonly abandoned: string[] = [];
  /** What outlives its owner is kept for so long. */
  keepMillis = 0;
  readonly orphaned: string[] = [];
  readonly ownership = new Ownership(this.session('owner'), {
    onOwnerGone: (reason) => {
      if (this.keepMillis > 0) this.orphaned.push(reason);
      return this.keepMillis;
    },
    onAbandoned: (reason) => void this.abandoned.push(reason),
  });

  session(name: string): Session {
    return this.sessions.find((session) => session.name === name) ?? assert.fail(name);
  }

  take(session: Session): void {
    session.outcome = 'waits';
    this.ownership.take(session).then(
      () => {
        session.outcome = 'granted';
        session.wasGranted = true;
      },
      (error: { code: number; message: string }) => {
        session.outcome = { code: error.code, message: error.message };
      },
    );
  }

  close(session: Session): void {
    session.closed = true;
    this.ownership.closed(session);
  }
}

type Step = readonly ['take' | 'close' | 'lost' | 'release' | 'release for good', string] | readonly ['wait', number];

async function play(world: World, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    if (step[0] === 'wait') mock.timers.tick(step[1]);
    else {
      const session = world.session(step[1]);
      if (step[0] === 'take') world.take(session);
      else if (step[0] === 'release') world.ownership.release(session, grace);
      else if (step[0] === 'release for good') world.ownership.release(session, 0);
      else {
        world.close(session);
        if (step[0] === 'lost') world.ownership.lost(session);
      }
    }
    await heard();
  }
}

beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'Date'] }));
afterEach(() => mock.timers.reset());

const open = 'This warden belongs to a window that is open.';
const gone = 'The connection has closed: this session cannot own the warden.';
const ending = 'This warden is ending: its owner has gone.';

describe('taking the ownership', () => {
  const cases: readonly (readonly [string, readonly Step[], Readonly<Record<string, string>>, readonly string[]])[] = [
    [
      'is granted within the grace',
      [
        ['release', 'owner'],
        ['lost', 'owner'],
        ['take', 'first'],
        ['wait', grace],
      ],
      { first: 'granted' },
      [],
    ],
    [
      'that comes before the release waits for it',
      [
        ['take', 'first'],
        ['wait', 1000],
        ['release', 'owner'],
        ['lost', 'owner'],
        ['wait', grace],
      ],
      { first: 'granted' },
      [],
    ],
    [
      'is refused while the owner stays',
      [
        ['take', 'first'],
        ['wait', patience],
      ],
      { first: open },
      [],
    ],
    [
      'ends with the connection of its session, and the grace goes on for another one',
      [
        ['take', 'first'],
        ['close', 'first'],
        ['release', 'owner'],
        ['lost', 'owner'],
        ['lost', 'first'],
        ['take', 'second'],
        ['wait', grace],
      ],
      { first: gone, second: 'granted' },
      [],
    ],
    [
      'of a session that has closed, and of no other, lets the trees end at the deadline',
      [
        ['take', 'first'],
        ['lost', 'first'],
        ['release', 'owner'],
        ['lost', 'owner'],
        ['wait', grace],
      ],
      { first: gone },
      ['its window went away and did not come back within 15 s'],
    ],
    [
      'after the connection has closed is refused',
      [
        ['release', 'owner'],
        ['close', 'first'],
        ['take', 'first'],
        ['wait', grace],
      ],
      { first: gone },
      ['its window went away and did not come back within 15 s'],
    ],
    [
      'is granted to the first of two; the second waits for the first',
      [
        ['take', 'first'],
        ['take', 'second'],
        ['release', 'owner'],
        ['release', 'first'],
        ['lost', 'first'],
        ['wait', grace],
      ],
      { first: 'granted', second: 'granted' },
      [],
    ],
    [
      'of the second of two is refused where the first stays',
      [
        ['take', 'first'],
        ['take', 'second'],
        ['release', 'owner'],
        ['wait', patience],
      ],
      { first: 'granted', second: open },
      [],
    ],
    [
      'is refused when the owner is lost meanwhile',
      [
        ['take', 'first'],
        ['lost', 'owner'],
      ],
      { first: ending },
      ['the client that started it is gone'],
    ],
    [
      'is refused when the owner releases the trees for good meanwhile, and afterwards',
      [
        ['take', 'first'],
        ['release for good', 'owner'],
        ['take', 'second'],
      ],
      { first: ending, second: ending },
      ['the window was closed'],
    ],
    [
      'after the deadline is refused',
      [
        ['release', 'owner'],
        ['wait', grace],
        ['take', 'first'],
      ],
      { first: ending },
      ['its window went away and did not come back within 15 s'],
    ],
    [
      'that was granted makes the trees end with its session',
      [
        ['release', 'owner'],
        ['take', 'first'],
        ['lost', 'first'],
      ],
      { first: 'granted' },
      ['the client that started it is gone'],
    ],
  ];
  for (const [what, steps, outcomes, abandoned] of cases)
    it(what, async () => {
      const world = new World();
      await play(world, steps);
      const found = Object.keys(outcomes).map((name) => {
        const { outcome } = world.session(name);
        return [name, typeof outcome === 'string' ? outcome : outcome.message];
      });
      assert.deepEqual(Object.fromEntries(found), outcomes);
      assert.deepEqual(world.abandoned, abandoned);
    });

  it('is refused with a code of its own when the connection closes', async () => {
    const world = new World();
    await play(world, [
      ['take', 'first'],
      ['close', 'first'],
    ]);
    assert.equal((world.session('first').outcome as { code: number }).code, errorCodes.connectionClosed);
  });
});

/** The rule, written a second time as plainly as it can be. */
class Model {
  owner: Session | undefined;
  graceUntil: number | undefined;
  ended = false;
  now = 0;
  waiting: { readonly session: Session; readonly until: number }[] = [];

  constructor(owner: Session) {
    this.owner = owner;
  }

  wait(millis: number): void {
    this.now += millis;
    if (this.graceUntil !== undefined && this.now >= this.graceUntil) this.end();
    this.waiting = this.waiting.filter(({ until }) => until > this.now);
  }

  release(session: Session, keepMillis: number): void {
    if (session !== this.owner) return;
    if (keepMillis === 0) this.end();
    else {
      this.owner = this.waiting.shift()?.session;
      if (this.owner === undefined) this.graceUntil = this.now + keepMillis;
    }
  }

  take(session: Session): void {
    if (this.ended || session.closed || session === this.owner || this.waiting.some((waiting) => waiting.session === session)) return;
    if (this.graceUntil === undefined) this.waiting.push({ session, until: this.now + patience });
    else {
      this.owner = session;
      this.graceUntil = undefined;
    }
  }

  closed(session: Session): void {
    this.waiting = this.waiting.filter((waiting) => waiting.session !== session);
  }

  lost(session: Session): void {
    this.closed(session);
    if (session === this.owner) this.end();
  }

  end(): void {
    this.ended = true;
    this.owner = undefined;
    this.graceUntil = undefined;
    this.waiting = [];
  }
}

describe('any order of releasing, closing, taking and waiting', () => {
  const seed = Date.now() % 1_000_000;
  const rounds = 2000;

  it(`leaves the trees alive while there is a live owner or a grace, in ${rounds} rounds (seed ${seed})`, async () => {
    const random = randomFrom(seed);
    const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] ?? assert.fail();
    for (let round = 0; round < rounds; round++) {
      const world = new World();
      const model = new Model(world.session('owner'));
      const story: string[] = [];
      for (let count = 0; count < 15; count++) {
        const session = random() < 0.4 && model.owner ? model.owner : one(world.sessions);
        const step = one(['take', 'take', 'release', 'release', 'release for good', 'close', 'lost', 'wait']);
        story.push(`${step} ${session.name}`);
        if (step === 'take') {
          world.take(session);
          model.take(session);
        } else if (step === 'release' || step === 'release for good') {
          const keepMillis = step === 'release' ? grace : 0;
          world.ownership.release(session, keepMillis);
          model.release(session, keepMillis);
        } else if (step === 'close') {
          world.close(session);
          model.closed(session);
        } else if (step === 'lost') {
          session.closed = true;
          world.ownership.lost(session);
          model.lost(session);
        } else {
          const millis = one([500, patience, grace / 2, grace]);
          mock.timers.tick(millis);
          model.wait(millis);
        }
        const told = `seed ${seed}, round ${round}: ${story.join(', ')}`;
        assert.equal(world.abandoned.length, model.ended ? 1 : 0, told);
        await heard();
        for (const claimant of world.sessions) {
          const isOwner = claimant === model.owner && claimant.name !== 'owner';
          if (isOwner) assert.ok(claimant.wasGranted, `${told}: ${claimant.name}`);
        }
      }
      // The owner by the model is the owner indeed: its end is the trees' end.
      if (model.owner) {
        world.ownership.lost(model.owner);
        assert.equal(world.abandoned.length, 1, `seed ${seed}, round ${round}: ${story.join(', ')}`);
      }
      world.ownership.close();
    }
  });
});

describe('an owner that is gone where there is what outlives it', () => {
  const lost = 'the client that started it is gone';
  const closed = 'the window was closed';
  const cases: readonly (readonly [string, readonly Step[], Readonly<Record<string, string>>, readonly string[], readonly string[]])[] = [
    [
      'leaves it to a successor within the grace',
      [
        ['lost', 'owner'],
        ['wait', grace - 1],
        ['take', 'first'],
        ['wait', grace],
      ],
      { first: 'granted' },
      [lost],
      [],
    ],
    [
      'leaves it to one that waits already',
      [
        ['take', 'first'],
        ['lost', 'owner'],
        ['wait', grace],
      ],
      { first: 'granted' },
      [lost],
      [],
    ],
    [
      'lets it end at the deadline',
      [
        ['release for good', 'owner'],
        ['wait', grace],
        ['take', 'first'],
      ],
      { first: ending },
      [closed],
      [closed],
    ],
    [
      'leaves it as often as it goes',
      [
        ['lost', 'owner'],
        ['take', 'first'],
        ['lost', 'first'],
        ['wait', grace - 1],
        ['take', 'second'],
        ['wait', grace],
      ],
      { first: 'granted', second: 'granted' },
      [lost, lost],
      [],
    ],
  ];
  for (const [name, steps, outcomes, orphaned, abandoned] of cases)
    it(name, async () => {
      const world = new World();
      world.keepMillis = grace;
      await play(world, steps);
      for (const [session, outcome] of Object.entries(outcomes)) {
        const found = world.session(session).outcome;
        assert.equal(typeof found === 'object' ? found.message : found, outcome);
      }
      assert.deepEqual([world.orphaned, world.abandoned], [orphaned, abandoned]);
    });

  it('ends at once when nothing of it is left', async () => {
    const world = new World();
    world.keepMillis = grace;
    world.ownership.nothingIsKept();
    await play(world, [['lost', 'owner']]);
    assert.deepEqual(world.abandoned, []);
    world.ownership.nothingIsKept();
    assert.deepEqual(world.abandoned, [closed]);
  });
});
