/** Names with a schedule, in a reconciler whose clock and trees are made up: when they are run, and what calls that off. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Schedule, ScheduleStatus } from '../../../../src/protocol/schedule.ts';
import { type DependencyWorld, type MadeUpName, newest, ready, running } from '../../../support/dependencyWorld.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const scheduled = (schedule: Partial<Schedule> = {}): MadeUpName => ({ dependsOn: [], schedule });
const daily = { cron: '0 3 * * *' };

function statusOf(world: DependencyWorld, name = 'job'): ScheduleStatus {
  return world.reconciler.declarations.status.find((one) => one.name === name)?.schedule ?? assert.fail('it has no schedule');
}

/** When the next time comes, as a clock in UTC shows it. */
function next(world: DependencyWorld, name = 'job'): string {
  const { nextAt } = statusOf(world, name);
  return nextAt === undefined ? 'never' : new Date(nextAt).toISOString().slice(0, 19);
}

/** Has the newest tree of it spawned, and ended. */
async function run(world: DependencyWorld, state: 'succeeded' | 'failed' = 'succeeded', name = 'job'): Promise<void> {
  await world.spawned(newest(world, name));
  await world.end(newest(world, name), state);
}

describe('a scheduled process', () => {
  it('waits for its time when it is started, and runs each time', () =>
    running({ job: scheduled() }, async (world) => {
      assert.deepEqual(statusOf(world), { isArmed: false });
      await world.pass(hour);
      assert.deepEqual(world.launches, [], 'nothing has started it');
      await world.ask('start', 'job');
      assert.deepEqual([world.launches, next(world)], [[], '2026-01-01T01:01:00']);
      await world.pass(minute - 1);
      assert.deepEqual(world.launches, []);
      await world.pass(1);
      assert.deepEqual([world.launches, next(world), statusOf(world).last?.action], [['job'], '2026-01-01T01:02:00', 'started']);
      assert.equal(newest(world, 'job').request.trigger, 'schedule');
      await run(world);
      assert.equal(world.reconciler.isIdle, false, 'it waits for its next time');
      await world.pass(minute);
      assert.deepEqual(world.launches, ['job', 'job']);
      await run(world, 'failed');
      await world.pass(minute);
      assert.deepEqual(world.launches, ['job', 'job', 'job'], 'a run that has failed is not the last one');
      await run(world);
    }));

  it('is answered as one that waits, and asked to wait once more, stays as it is', () =>
    running({ job: scheduled() }, async ({ reconciler: { declarations }, launches }) => {
      const armed = { trees: [], failures: [], armed: true };
      assert.deepEqual(await declarations.start({ name: 'job', schedule: 'arm' }), armed);
      assert.deepEqual(await declarations.start({ name: 'job', schedule: 'arm' }), armed);
      assert.deepEqual(launches, []);
    }));

  it('runs at once when it is started while it waits, and keeps its times', () =>
    running({ job: scheduled() }, async (world) => {
      await world.ask('start', 'job');
      await world.ask('start', 'job');
      assert.deepEqual([world.launches, newest(world, 'job').request.trigger], [['job'], undefined]);
      await run(world);
      assert.equal(next(world), '2026-01-01T00:01:00');
      await world.pass(minute);
      assert.deepEqual(world.launches, ['job', 'job']);
      await run(world);
    }));

  it('waits for nothing once it is stopped, and what runs of it ends', () =>
    running({ job: scheduled() }, async (world) => {
      await world.ask('start', 'job');
      await world.pass(minute);
      await world.spawned(newest(world, 'job'));
      await world.ask('stop', 'job');
      assert.deepEqual([statusOf(world).isArmed, newest(world, 'job').isEnding], [false, true]);
      await world.settle([]);
      await world.pass(day);
      assert.deepEqual([world.launches, world.reconciler.isIdle], [['job'], true]);
      await world.ask('start', 'job');
      await world.ask('stop', 'job');
      await world.pass(day);
      assert.deepEqual(world.launches, ['job']);
    }));

  it('waits for nothing once its tree is stopped, by whichever name', () =>
    running({ job: scheduled() }, async (world) => {
      await world.ask('start', 'job');
      await world.pass(minute);
      await world.spawned(newest(world, 'job'));
      const tree = newest(world, 'job') as unknown as Parameters<typeof world.reconciler.stop>[0];
      const stopping = world.reconciler.stop(tree, { reason: 'the test', now: false });
      await world.settle([]);
      await stopping;
      await world.pass(day);
      assert.deepEqual([world.launches, statusOf(world)], [['job'], { isArmed: false }]);
    }));

  it('is run once by a request that is for one run, and waits for no time because of it', () =>
    running({ job: scheduled() }, async (world) => {
      await world.ask('start', 'job', { schedule: 'run', trigger: 'save' });
      assert.deepEqual([world.launches, newest(world, 'job').request.trigger, statusOf(world)], [['job'], 'save', { isArmed: false }]);
      await run(world);
    }));

  it('restarts within its run as its policy says, and each attempt is of that run', () =>
    running({ job: { ...scheduled({ overlap: 'skip' }), restarts: true } }, async (world) => {
      await world.ask('start', 'job');
      await world.pass(minute);
      await run(world, 'failed');
      await world.settle(['job']);
      assert.deepEqual(world.launches, ['job', 'job']);
      assert.equal(newest(world, 'job').request.trigger, 'schedule');
      await world.pass(minute);
      await world.settle(['job']);
      assert.deepEqual(world.launches, ['job', 'job', 'job']);
    }));

  it('needs at each run what it depends on', () =>
    running({ db: { dependsOn: [] }, job: { ...scheduled(), dependsOn: [ready('db')] } }, async (world) => {
      await world.ask('start', 'job');
      assert.deepEqual(world.launches, [], 'what it needs is started when its time comes');
      await world.pass(minute);
      assert.deepEqual(world.launches, ['db']);
      await world.settle(['job']);
      assert.deepEqual(world.launches, ['db', 'job']);
      await world.ask('stop', 'db');
      await world.settle(['job']);
      await world.pass(minute);
      await world.settle(['job']);
      assert.deepEqual(world.launches, ['db', 'job', 'db', 'job']);
      await world.ask('stop', 'db');
      await world.settle(['job']);
      await world.pass(minute);
      await world.spawned(newest(world, 'db'), new Error('no room'));
      assert.deepEqual(world.alerts, ["'job' was not started: it needs 'db' (could not be started)."]);
      for (let count = 0; count < 3; count++) {
        await world.pass(minute);
        await world.spawned(newest(world, 'db'), new Error('no room'));
      }
      assert.equal(world.alerts.length, 1, 'the same is told once');
      await world.pass(minute);
      await world.settle(['job']);
      assert.equal(world.launches.at(-1), 'job');
    }));

  it('runs once where something else that is started needs it, and waits for no time because of it', () =>
    running({ job: scheduled(), web: { dependsOn: [{ name: 'job', condition: 'succeeded' }] } }, async (world) => {
      await world.ask('start', 'web');
      assert.deepEqual(world.launches, ['job']);
      await world.settle(['job']);
      assert.deepEqual([world.launches, statusOf(world)], [['job', 'web'], { isArmed: false }]);
    }));

  it('goes by the newest declaration, and by none once it has no schedule any more', () =>
    running({ job: scheduled(daily), other: scheduled() }, async (world) => {
      await world.ask('start', 'job');
      assert.equal(next(world), '2026-01-01T03:00:00');
      await world.edit({ job: scheduled({ cron: '0 5 * * *' }), other: scheduled() });
      assert.equal(next(world), '2026-01-01T05:00:00');
      await world.edit({ job: { dependsOn: [] }, other: scheduled() });
      await world.pass(day);
      assert.deepEqual(world.launches, []);
      await world.edit({ job: scheduled(daily), other: scheduled() });
      assert.equal(statusOf(world).isArmed, false);
      await world.ask('start', 'job');
      await world.edit({ other: scheduled() });
      await world.pass(day);
      assert.deepEqual([world.launches, world.reconciler.isIdle], [[], true]);
    }));

  it('with a pattern that this warden cannot read never runs, and harms nothing', () =>
    running({ job: scheduled({ cron: 'never ever' }), other: scheduled() }, async (world) => {
      for (const name of ['job', 'other']) await world.ask('start', name);
      await world.pass(minute);
      assert.deepEqual([world.launches, next(world)], [['other'], 'never']);
      await run(world, 'succeeded', 'other');
    }));

  it('of several instances has all of them run', () =>
    running({ job: { ...scheduled(), instances: 2 } }, async (world) => {
      await world.ask('start', 'job');
      await world.pass(minute);
      assert.deepEqual(world.launches, ['job', 'job#2']);
      await world.settle(['job', 'job#2']);
      await world.ask('stop', 'job#2');
      assert.equal(statusOf(world).isArmed, false);
    }));

  it('is called off by the end of everything', () =>
    running({ job: scheduled() }, async (world) => {
      await world.ask('start', 'job');
      await world.endAll(false);
      await world.pass(day);
      assert.deepEqual([world.launches, statusOf(world)], [[], { isArmed: false }]);
    }));

  it('has no time any more when its warden ends', () =>
    running({ job: scheduled() }, async (world) => {
      await world.ask('start', 'job');
      await world.endAll(true);
      await world.pass(day);
      assert.deepEqual([world.launches, world.clock.looks], [[], 0]);
    }));
});

describe('a run that is still under way', () => {
  const begun = async (world: DependencyWorld): Promise<void> => {
    await world.ask('start', 'job');
    await world.pass(minute);
    await world.spawned(newest(world, 'job'));
    await world.pass(minute);
  };

  it('has the next time left out, by default', () =>
    running({ job: scheduled() }, async (world) => {
      await begun(world);
      await world.pass(5 * minute);
      assert.deepEqual([world.launches, statusOf(world).last?.action], [['job'], 'skipped']);
      await world.end(newest(world, 'job'), 'succeeded');
      assert.deepEqual(world.launches, ['job']);
      await world.pass(minute);
      assert.deepEqual(world.launches, ['job', 'job']);
      await run(world);
    }));

  it('is followed by one more where times are queued, however many have passed', () =>
    running({ job: scheduled({ overlap: 'queue' }) }, async (world) => {
      await begun(world);
      await world.pass(5 * minute + 30 * second);
      assert.deepEqual([world.launches, statusOf(world).isQueued, statusOf(world).last?.action], [['job'], true, 'queued']);
      await world.end(newest(world, 'job'), 'failed');
      await world.rest();
      assert.deepEqual([world.launches, statusOf(world).isQueued], [['job', 'job'], undefined]);
      await run(world);
      assert.deepEqual(world.launches, ['job', 'job']);
    }));

  it('is followed by none where it is stopped', () =>
    running({ job: scheduled({ overlap: 'queue' }) }, async (world) => {
      await begun(world);
      await world.ask('stop', 'job');
      await world.settle([]);
      await world.pass(day);
      assert.deepEqual(world.launches, ['job']);
    }));

  it('is replaced where that is declared, when nothing of it is left', () =>
    running({ job: scheduled({ overlap: 'replace' }) }, async (world) => {
      await begun(world);
      const [first] = world.trees;
      assert.deepEqual([world.launches, first?.isEnding, statusOf(world).last?.action], [['job'], true, 'replaced']);
      await world.settle([]);
      assert.deepEqual([world.launches, first?.ended], [['job', 'job'], true]);
      assert.equal(newest(world, 'job').request.trigger, 'schedule');
      await world.end(newest(world, 'job'), 'succeeded');
    }));
});

describe('a time that nothing has seen', () => {
  it('is left out by default: the next one is behind what the clock says now', () =>
    running({ job: scheduled(daily) }, async (world) => {
      await world.ask('start', 'job');
      world.clock.jump(10 * hour);
      await world.pass(minute);
      assert.deepEqual([world.launches, next(world), statusOf(world).last?.action], [[], '2026-01-02T03:00:00', 'missed']);
    }));

  it('is made up for by one run where that is declared, however many there were', () =>
    running({ job: scheduled({ ...daily, catchUp: true }) }, async (world) => {
      await world.ask('start', 'job');
      world.clock.jump(10 * day);
      await world.pass(minute);
      assert.deepEqual([world.launches, next(world), statusOf(world).last?.action], [['job'], '2026-01-11T03:00:00', 'madeUp']);
      await run(world);
      await world.pass(hour);
      assert.deepEqual(world.launches, ['job']);
    }));

  it('is seen within half a minute after a sleep, which stops every timer', () =>
    running({ job: scheduled(daily) }, async (world) => {
      await world.ask('start', 'job');
      world.clock.jump(3 * hour - 20 * second);
      await world.pass(45 * second);
      assert.deepEqual([world.launches, statusOf(world).last?.action], [['job'], 'started']);
      await run(world);
    }));

  it('was before the start, and is made up for where the last run on record is older', () =>
    running({ job: scheduled({ ...daily, catchUp: true }), other: scheduled(daily) }, async (world) => {
      const { at } = world.clock;
      await world.ask('start', 'job', { schedule: 'arm', lastRunAt: at - 20 * hour });
      assert.deepEqual(world.launches, [], 'no time has come since then: 03:00 was before it');
      await world.ask('stop', 'job');
      await world.ask('start', 'job', { schedule: 'arm', lastRunAt: at - 3 * day });
      assert.deepEqual([world.launches, statusOf(world).last?.action], [['job'], 'madeUp']);
      await run(world);
      await world.ask('start', 'other', { schedule: 'arm', lastRunAt: at - 3 * day });
      await world.ask('stop', 'job');
      await world.ask('start', 'job');
      assert.deepEqual(world.launches, ['job'], 'neither without catchUp, nor without a run on record');
    }));

  it('is none where the record is from before there was time, or from what has not come yet', () =>
    running({ job: scheduled({ ...daily, catchUp: true }), other: scheduled({ ...daily, catchUp: true }) }, async (world) => {
      await world.ask('start', 'job', { schedule: 'arm', lastRunAt: 8.64e15 });
      assert.deepEqual([world.launches, next(world)], [[], '2026-01-01T03:00:00']);
      await world.ask('start', 'other', { schedule: 'arm', lastRunAt: -8.64e15 });
      assert.deepEqual(world.launches, ['other'], 'it was long ago');
      await run(world, 'succeeded', 'other');
    }));

  it('comes anew where the clock is put back, by more than a minute', () =>
    running({ job: scheduled(daily) }, async (world) => {
      world.clock.jump(365 * day);
      await world.ask('start', 'job');
      assert.equal(next(world), '2027-01-01T03:00:00');
      world.clock.jump(-365 * day);
      await world.pass(minute);
      assert.deepEqual([world.launches, next(world)], [[], '2026-01-01T03:00:00']);
      await world.pass(3 * hour - 90 * second);
      world.clock.jump(-20 * second);
      await world.pass(40 * second);
      assert.deepEqual([world.launches, next(world)], [[], '2026-01-01T03:00:00'], 'a little is waited for');
      await world.pass(20 * second);
      assert.deepEqual([world.launches, next(world)], [['job'], '2026-01-02T03:00:00']);
      world.clock.jump(-5 * second);
      await world.pass(minute);
      assert.deepEqual(world.launches, ['job'], 'a time that has come does not come again for a few seconds');
      await run(world);
    }));

  it('may be years away: no timer is as long as that', () =>
    running({ job: scheduled({ cron: '0 0 29 2 *' }) }, async (world) => {
      await world.ask('start', 'job');
      assert.equal(next(world), '2028-02-29T00:00:00');
      for (let days = 0; days < 700; days++) world.clock.jump(day);
      await world.pass(minute);
      assert.deepEqual([world.launches, next(world)], [[], '2028-02-29T00:00:00']);
    }));

  it('does not exist, or exists twice, where clocks are put forward and back', () =>
    running({ job: scheduled({ cron: '30 2 * * *', timeZone: 'Europe/Berlin' }) }, async (world) => {
      world.clock.at = Date.UTC(2026, 2, 28, 12);
      await world.ask('start', 'job');
      assert.equal(next(world), '2026-03-29T01:00:00');
      await world.pass(13 * hour);
      assert.deepEqual([world.launches, next(world)], [['job'], '2026-03-30T00:30:00']);
      await run(world);
      await world.ask('stop', 'job');
      world.clock.at = Date.UTC(2026, 9, 24, 12);
      await world.ask('start', 'job');
      await world.pass(14 * hour);
      assert.deepEqual([world.launches, next(world)], [['job', 'job'], '2026-10-26T01:30:00'], 'once, and not an hour later again');
      await run(world);
    }));
});
