/** The order of the jobs of a pool, against a model of it that is written down otherwise. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type JobSettings, jobBounds } from '../../../../src/protocol/jobs.ts';
import { JobQueue, type QueuedJob } from '../../../../src/warden/reconciler/jobQueue.ts';
import { randomFrom } from '../../../support/random.ts';

const settings = (maxConcurrent: number, maxQueued: number, whenFull: JobSettings['whenFull'] = 'reject'): JobSettings => ({
  maxConcurrent,
  maxQueued,
  whenFull,
});
const job = (number: number, heldLength = 10): QueuedJob => ({ number, heldLength });

describe('the queue of a pool of jobs', () => {
  it('hands jobs out first in, first out, to the lowest free place', () => {
    const queue = new JobQueue(settings(2, 10));
    const jobs = [1, 2, 3, 4].map((number) => job(number));
    assert.deepEqual(
      jobs.map((one) => queue.admit(one)),
      ['queued', 'queued', 'queued', 'queued'],
    );
    assert.deepEqual([queue.next(), queue.next(), queue.next()], [{ job: jobs[0], place: 1 }, { job: jobs[1], place: 2 }, undefined]);
    queue.remove(jobs[0] ?? assert.fail());
    assert.deepEqual(queue.next(), { job: jobs[2], place: 1 });
  });

  it('without a queue takes what can run at once, and refuses the others', () => {
    const queue = new JobQueue(settings(1, 0));
    assert.equal(queue.admit(job(1)), 'queued');
    queue.next();
    assert.equal(queue.admit(job(2)), 'full');
  });

  it('is full before what it keeps in memory is more than its bound', () => {
    const queue = new JobQueue(settings(1, 10, 'wait'));
    queue.admit(job(1));
    queue.next();
    assert.equal(queue.admit(job(2, jobBounds.heldLength)), 'queued');
    assert.equal(queue.admit(job(3)), 'full', 'nor may it wait for a place');
  });

  it('keeps the order of those that wait for a place, and lets none of them be passed', () => {
    const queue = new JobQueue(settings(1, 1, 'wait'));
    const [first, second, third, fourth] = [job(1), job(2), job(3), job(4)];
    queue.admit(first);
    queue.next();
    assert.deepEqual([queue.admit(second), queue.admit(third), queue.admit(fourth)], ['queued', 'waiting', 'waiting']);
    assert.deepEqual([queue.aheadOf(second), queue.aheadOf(fourth), queue.aheadOf(first)], [0, 2, undefined]);
    queue.remove(second);
    assert.equal(queue.admit(job(5)), 'waiting', 'the free place is for the one that has waited for it');
    assert.deepEqual(queue.promote(), [third]);
  });

  for (let seed = 1; seed <= 50; seed++)
    it(`never runs too many, forgets none, and keeps their order (seed ${seed})`, () => {
      const random = randomFrom(seed);
      const pick = (count: number): number => Math.floor(random() * count);
      const queue = new JobQueue(settings(1 + pick(4), pick(5), pick(2) === 0 ? 'wait' : 'reject'));
      const started: number[] = [];
      const waiting: QueuedJob[] = [];
      const running: QueuedJob[] = [];
      for (let step = 1, number = 0; step <= 300; step++) {
        const verb = pick(5);
        if (verb <= 1) {
          const one = job(++number);
          if (queue.admit(one) !== 'full') waiting.push(one);
        } else if (verb === 2 && waiting.length > 0) queue.remove(waiting.splice(pick(waiting.length), 1)[0] ?? assert.fail());
        else if (verb === 3 && running.length > 0) queue.remove(running.splice(pick(running.length), 1)[0] ?? assert.fail());
        else if (verb === 4 && pick(10) === 0) queue.settings = settings(1 + pick(4), pick(5), queue.settings.whenFull);
        for (let next = queue.next(); next; next = queue.next()) {
          assert.equal(next.job, waiting.shift(), 'the oldest one has its turn');
          started.push(next.job.number);
          running.push(next.job);
          assert.ok(running.length <= queue.settings.maxConcurrent);
        }
        queue.promote();
        const { counts } = queue;
        assert.equal(counts.queued + counts.waiting, waiting.length);
        assert.equal(counts.running, running.length);
        assert.ok(running.length >= Math.min(queue.settings.maxConcurrent, running.length + waiting.length), 'no place is left free');
        assert.ok(counts.waiting === 0 || counts.queued >= counts.maxQueued, 'none waits for a place that is there');
        assert.deepEqual([...queue.pending], waiting);
      }
      assert.deepEqual(
        started,
        started.toSorted((a, b) => a - b),
      );
    });
});
