import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { QuestionQueue } from '../../../src/extension/questions/questionQueue.ts';

/** A question that is answered by hand. */
class Question {
  isOpen = false;
  answer: (value: string | undefined) => void = () => assert.fail('it was not asked');
  fail: (error: Error) => void = () => assert.fail('it was not asked');

  readonly ask = (): Promise<string | undefined> => {
    this.isOpen = true;
    return new Promise((resolve, reject) => {
      this.answer = resolve;
      this.fail = reject;
    });
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('questions', () => {
  it('are asked one after the other, whatever comes of them', async () => {
    const queue = new QuestionQueue();
    const [a, b, c] = [new Question(), new Question(), new Question()];
    const answers = [queue.ask('a', a.ask), queue.ask('b', b.ask), queue.ask('c', c.ask)];
    await turn();
    assert.deepEqual([a.isOpen, b.isOpen, c.isOpen], [true, false, false]);
    a.fail(new Error('no command'));
    await assert.rejects(answers[0] ?? assert.fail(), /no command/);
    await turn();
    assert.deepEqual([b.isOpen, c.isOpen], [true, false]);
    b.answer(undefined);
    await turn();
    c.answer('c');
    assert.deepEqual(await Promise.all(answers.slice(1)), [undefined, 'c']);
  });

  it('that are the same are one while they are open, and are asked again after that', async () => {
    const queue = new QuestionQueue();
    const [first, second, later] = [new Question(), new Question(), new Question()];
    const answers = [queue.ask('a', first.ask), queue.ask('a', second.ask)];
    await turn();
    first.answer('one');
    assert.deepEqual(await Promise.all(answers), ['one', 'one']);
    assert.equal(second.isOpen, false);
    await turn();
    const again = queue.ask('a', later.ask);
    await turn();
    later.answer('two');
    assert.equal(await again, 'two');
  });
});
