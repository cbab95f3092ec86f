/** What is spent of budgets, on record. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Spending } from '../../../../src/protocol/remoteModels.ts';
import { maxBudgetBytes, readSpending } from '../../../../src/records/budgetFiles.ts';
import { BudgetLedger } from '../../../../src/warden/models/budgetLedger.ts';

const id = 'd'.repeat(32);
const day = { id, per: 'day', requests: 5 } as const;
const at = Date.parse('2026-12-01T12:00:00Z');

let root: string;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tw-budgets-'));
  folder = join(root, 'state', 'model-budgets');
});
afterEach(() => {
  chmodSync(root, 0o700);
  rmSync(root, { recursive: true });
});

function ledgerAt(presentAt = at): { ledger: BudgetLedger; elsewhere: Spending[]; failures: string[] } {
  const elsewhere: Spending[] = [];
  const failures: string[] = [];
  const observers = {
    run: async <T>(what: string, look: () => T | Promise<T>, otherwise: T): Promise<T> => {
      try {
        return await look();
      } catch (error) {
        failures.push(`${what}: ${String(error)}`);
        return otherwise;
      }
    },
  };
  const ledger = new BudgetLedger({ folder, observers, presentAt: () => presentAt, onElsewhere: (_, spent) => void elsewhere.push(spent) });
  return { ledger, elsewhere, failures };
}

const spending = (requests: number, tokens: number, period = '2026-12-01'): Spending => ({ period, requests, tokens });

describe('what is spent of a budget', () => {
  it('is known to the next warden', async () => {
    const { ledger, failures } = ledgerAt();
    assert.deepEqual(await ledger.spentOf([day]), { [id]: spending(0, 0) });
    ledger.add(id, spending(1, 100));
    ledger.add(id, spending(1, 20));
    await ledger.close();
    assert.deepEqual(await ledgerAt().ledger.spentOf([day]), { [id]: spending(2, 120) });
    assert.deepEqual(failures, []);
  });

  it('is known to a gateway that is started anew, also before it was written', async () => {
    const { ledger } = ledgerAt();
    await ledger.spentOf([day]);
    ledger.add(id, spending(3, 30));
    assert.deepEqual(await ledger.spentOf([day]), { [id]: spending(3, 30) });
  });

  it('begins anew with the next period', async () => {
    const { ledger } = ledgerAt();
    ledger.add(id, spending(1, 10));
    ledger.add(id, spending(1, 7, '2026-12-02'));
    await ledger.close();
    assert.deepEqual(await ledgerAt().ledger.spentOf([day]), { [id]: spending(1, 10) });
    assert.deepEqual(await ledgerAt(at + 86_400_000).ledger.spentOf([day]), { [id]: spending(1, 7, '2026-12-02') });
  });

  it('is that of the month where it was counted by day meanwhile', async () => {
    const { ledger, elsewhere } = ledgerAt();
    ledger.add(id, spending(2, 20, '2026-12'));
    ledger.add(id, spending(1, 5));
    assert.deepEqual(await ledger.spentOf([{ ...day, per: 'month' }]), { [id]: spending(2, 20, '2026-12') });
    ledger.add(id, spending(1, 1, '2026-12'));
    await ledger.close();
    assert.deepEqual(await ledger.spentOf([day]), { [id]: spending(1, 5) });
    assert.deepEqual(elsewhere, []);
  });

  it('is told to other wardens that count it, once', async () => {
    const [one, other] = [ledgerAt(), ledgerAt()];
    await one.ledger.spentOf([day]);
    await other.ledger.spentOf([day]);
    one.ledger.add(id, spending(1, 10));
    await one.ledger.close();
    other.ledger.add(id, spending(1, 1));
    await other.ledger.close();
    assert.deepEqual([one.elsewhere, other.elsewhere], [[], [spending(1, 10)]]);
    one.ledger.add(id, spending(1, 10));
    await one.ledger.close();
    assert.deepEqual(one.elsewhere, [spending(1, 1)]);
    assert.deepEqual(await one.ledger.spentOf([day]), { [id]: spending(3, 21) });
  });

  const torn: [string, string, Spending][] = [
    ['a line that was torn', '\n1 10\n\n2 5', spending(3, 15)],
    ['lines of something else', '\n1 10\n\nx y\n\n-1 5\n\n1e9 1\n\n1 2 3\n\n99999999999 1\n', spending(1, 10)],
    ['nothing', '', spending(0, 0)],
  ];
  for (const [what, text, expected] of torn)
    it(`is read from a file with ${what}`, () => {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${id}.2026-12-01`), text);
      assert.deepEqual(readSpending(folder, id, '2026-12-01').spent, expected);
    });

  it('is not taken from what is no plain file, or is too long; that is told', async () => {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `${id}.2026-12-01`);
    symlinkSync('/etc/passwd', path);
    const linked = ledgerAt();
    assert.deepEqual(await linked.ledger.spentOf([day]), {});
    assert.match(linked.failures.join(), /^Reading what was spent of a model: /);
    rmSync(path);
    writeFileSync(path, '\n'.repeat(maxBudgetBytes + 1));
    const long = ledgerAt();
    assert.deepEqual(await long.ledger.spentOf([day]), {});
    assert.match(long.failures.join(), /over the limit/);
  });

  it('is held in memory where it cannot be written', async () => {
    mkdirSync(join(root, 'state'));
    writeFileSync(folder, 'no folder');
    const { ledger, failures } = ledgerAt();
    ledger.add(id, spending(1, 10));
    await ledger.close();
    assert.match(failures.join(), /Writing what was spent of a model/);
    rmSync(folder);
    assert.deepEqual(await ledger.spentOf([day]), { [id]: spending(1, 10) });
  });

  it('is taken for no more than it can be', async () => {
    const { ledger } = ledgerAt();
    for (const spent of [spending(-1, 0), spending(1.5, 0), spending(1, Number.NaN), spending(1, 2e12), spending(1, 1, '../../x')])
      ledger.add(id, spent);
    await ledger.close();
    assert.ok(!existsSync(folder));
  });

  it('is removed when it is long over, and nothing else is', async () => {
    mkdirSync(folder, { recursive: true });
    const kept = [`${id}.2026-12-01`, `${id}.2026-11`, `${id}.2026-10-15`, 'notes.txt', `${id}.old`];
    for (const name of [...kept, `${id}.2026-08-31`, `${id}.2025-12`]) writeFileSync(join(folder, name), '');
    await ledgerAt().ledger.spentOf([day]);
    assert.deepEqual(readdirSync(folder).sort(), kept.sort());
  });
});
