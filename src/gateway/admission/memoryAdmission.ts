import { errorText } from '../../protocol/errors.ts';
import type { MeasuredMemory, MemoryBudget, ModelMemory } from '../../protocol/modelMemory.ts';
import { period } from '../../protocol/timers.ts';
import { loadFailure } from '../gatewayError.ts';
import type { Admission, SizedMember } from './admission.ts';
import { turnMillis } from './exclusiveGroup.ts';
import { amountsFor, budgetAmounts, sizeOf } from './needs.ts';
import { type Amounts, type BudgetedModel, type Plan, planLoads, type Verdict } from './policy.ts';
import { refusalText, swapText, type WaitedFor, waitText } from './texts.ts';

/** A model that has memory, or that may still have it. */
interface Holder {
  /** Number of servers that it was given memory for. */
  servers: number;
  isLeaving: boolean;
  /** It goes for another model: since when, its timer, and whether its turn is over. */
  turn: { readonly since: number; readonly timer: NodeJS.Timeout; isOver: boolean } | undefined;
}

/**
 * Loads models as long as their memory fits in a budget, and unloads the least wanted ones for those that wait. It keeps to exclusive groups at the same time: a group is one
 * more thing of which there is one place. A model that others wait for keeps answering for the length of a turn, and is then unloaded as soon as it has answered.
 */
export class MemoryAdmission implements Admission<SizedMember> {
  readonly #turnMillis: number;
  readonly #holders = new Map<SizedMember, Holder>();
  readonly #reasons = new Map<SizedMember, string>();
  #waiting: readonly SizedMember[] = [];
  #budget: MemoryBudget = {};
  #measured: ReadonlyMap<string, MeasuredMemory> = new Map();
  #isSettling = false;
  #hasChanged = false;
  #disposed = false;

  constructor(turn: number = turnMillis) {
    this.#turnMillis = turn;
  }

  /** What is declared, and what is known of models by their names; from now on. */
  update(budget: MemoryBudget, measured: ReadonlyMap<string, MeasuredMemory>): void {
    this.#budget = budget;
    this.#measured = measured;
    this.settle();
  }

  mayAnswer(member: SizedMember): boolean {
    const holder = this.#holders.get(member);
    return holder !== undefined && !holder.isLeaving && holder.turn?.isOver !== true && !this.#disposed;
  }

  mayLaunch(member: SizedMember): boolean {
    const holder = this.#holders.get(member);
    if (holder === undefined || !this.mayAnswer(member)) return false;
    if (member.expected <= holder.servers) return true;
    this.#enqueue(member);
    // It may have begun at once, or have been refused, and want fewer now.
    return member.expected <= (this.#holders.get(member)?.servers ?? 0);
  }

  takeOver(member: SizedMember): void {
    if (!this.#holders.has(member)) this.#holders.set(member, { servers: member.expected, isLeaving: false, turn: undefined });
  }

  want(member: SizedMember): void {
    if (!this.mayAnswer(member)) this.#enqueue(member);
  }

  /** One that has memory is asked again when it is gone: its turn is over, or it is being unloaded. */
  #enqueue(member: SizedMember): void {
    if (!this.#waiting.includes(member)) this.#waiting = [...this.#waiting, member];
    this.settle();
  }

  settle(): void {
    // What a model does when it begins may change what others may.
    this.#hasChanged = true;
    if (this.#isSettling || this.#disposed) return;
    this.#isSettling = true;
    try {
      while (this.#hasChanged && !this.#disposed) {
        this.#hasChanged = false;
        this.#settleOnce();
      }
    } finally {
      this.#isSettling = false;
    }
  }

  leave(member: SizedMember): void {
    this.#waiting = this.#waiting.filter((other) => other !== member);
    this.#forget(member);
    this.settle();
  }

  reasonToWait(member: SizedMember): string | undefined {
    return this.#reasons.get(member);
  }

  dispose(): void {
    this.#disposed = true;
    for (const holder of this.#holders.values()) endTurn(holder);
    this.#waiting = [];
  }

  #settleOnce(): void {
    this.#reasons.clear();
    for (const [member, holder] of this.#holders) {
      // Its only server has ended by itself, and is verified to be gone.
      if (member.listed === 0 && !member.isWanted && !holder.isLeaving) this.#forget(member);
      // As its further servers are gone, their memory is.
      holder.servers = Math.min(holder.servers, Math.max(member.expected, member.listed));
    }
    this.#waiting = this.#waiting.filter((member) => member.isWanted || this.#isGrowing(member));
    // One that is declared anew has the name of the one before it, which may still hold memory.
    const members = new Map([...new Set([...this.#holders.keys(), ...this.#waiting])].map((member, index) => [String(index), member]));
    const plan = this.#plan(members);
    this.#resumeOthers(plan, members);
    for (const [key, verdict] of plan.verdicts) {
      const member = members.get(key);
      if (member) this.#carryOut(member, verdict, members);
      // What has begun may be what changes the others' verdicts.
      if (this.#hasChanged) return;
    }
  }

  #plan(members: ReadonlyMap<string, SizedMember>): Plan {
    const groups = new Set([...members.values()].flatMap(({ model: { exclusive } }) => exclusive ?? []));
    const keys = new Map(Array.from(members, ([key, member]) => [member, key]));
    return planLoads(
      Array.from(members, ([key, member]) => this.#asBudgeted(key, member)),
      this.#waiting.flatMap((member) => {
        // One that is to go before it may answer again is none that can begin.
        const isGoing = this.#holders.get(member)?.turn !== undefined;
        return isGoing ? [] : (keys.get(member) ?? []);
      }),
      budgetAmounts(this.#budget, groups),
    );
  }

  #asBudgeted(key: string, member: SizedMember): BudgetedModel {
    const { model, expected, outstanding, isWanted, isLoading, isRetired, isUnloading, askedAt } = member;
    const holder = this.#holders.get(member);
    const has = holder ? Math.max(holder.servers, member.listed) : 0;
    const size = this.#sizeOf(model, 'peak');
    return {
      name: key,
      needs: amountsFor(model, size, Math.max(expected, has)),
      holds: amountsFor(model, this.#sizeOf(model, isLoading ? 'peak' : 'settled'), has),
      isGuess: size.source === 'estimated' || size.source === 'unknown',
      isLeaving: holder?.isLeaving === true || (isRetired && isUnloading),
      isPinned: model.isPinned === true && !isRetired,
      rank: model.rank ?? 0,
      isBusy: outstanding > 0 || (isWanted && holder?.turn?.isOver !== true),
      askedAt,
      goesSince: holder?.turn?.since,
    };
  }

  #sizeOf(model: SizedMember['model'], when: keyof MeasuredMemory): ModelMemory {
    return sizeOf(model, this.#measured.get(model.name)?.[when], this.#budget);
  }

  /** Whether it has memory for fewer servers than it wants. */
  #isGrowing(member: SizedMember): boolean {
    const holder = this.#holders.get(member);
    return holder !== undefined && !holder.isLeaving && member.listed > 0 && member.expected > holder.servers;
  }

  /** Those that need not go any more, because what waited for them does not. */
  #resumeOthers({ going }: Plan, members: ReadonlyMap<string, SizedMember>): void {
    for (const [key, member] of members) {
      const holder = this.#holders.get(member);
      if (holder?.turn === undefined || holder.isLeaving || going.has(key)) continue;
      const wasOver = holder.turn.isOver;
      endTurn(holder);
      if (!wasOver) continue;
      this.#waiting = this.#waiting.filter((other) => other !== member || this.#isGrowing(other));
      member.begin();
    }
  }

  #carryOut(member: SizedMember, verdict: Verdict, members: ReadonlyMap<string, SizedMember>): void {
    switch (verdict.do) {
      case 'begin':
        this.#waiting = this.#waiting.filter((other) => other !== member);
        this.#holders.set(member, { servers: member.expected, isLeaving: false, turn: undefined });
        this.#hasChanged = true;
        member.begin();
        return;
      case 'unload':
        void this.#unload(verdict.models, member, members);
        this.#hasChanged = true;
        return;
      case 'wait':
        this.#reasons.set(member, this.#reasonFor(member, verdict.for, members));
        for (const key of verdict.for) this.#endTurnLater(members.get(key));
        return;
      case 'refuse': {
        const pinned = verdict.shortage.pinned.map((key) => members.get(key)?.name ?? key);
        this.#waiting = this.#waiting.filter((other) => other !== member);
        this.#hasChanged = true;
        member.fail(loadFailure(refusalText(member.name, { ...verdict.shortage, pinned })));
      }
    }
  }

  /** The turn begins when the model can answer: two that take longer than a turn to load would do nothing but swap. */
  #endTurnLater(member: SizedMember | undefined): void {
    const holder = member && this.#holders.get(member);
    if (!holder || holder.turn || holder.isLeaving || member.isRetired || (member.isLoading && member.outstanding === 0)) return;
    const end = (): void => {
      turn.isOver = true;
      this.settle();
    };
    const turn = { since: performance.now(), timer: setTimeout(end, period(this.#turnMillis)), isOver: false };
    holder.turn = turn;
  }

  async #unload(keys: readonly string[], next: SizedMember, members: ReadonlyMap<string, SizedMember>): Promise<void> {
    const reason = swapText(next.name, this.#missingOf(next), budgetAmounts(this.#budget, []));
    const unloading = keys.flatMap((key) => {
      const member = members.get(key);
      const holder = member && this.#holders.get(member);
      if (!holder) return [];
      endTurn(holder);
      holder.isLeaving = true;
      return [this.#release(member, holder, reason)];
    });
    const problems = (await Promise.all(unloading)).filter((problem) => problem !== undefined);
    if (this.#disposed) return;
    const [problem] = problems;
    if (problem !== undefined && this.#waiting.includes(next)) {
      this.#waiting = this.#waiting.filter((other) => other !== next);
      next.fail(problem);
    }
    this.settle();
  }

  /** Resolves with why its memory is not back; it may go on using it then. */
  async #release(member: SizedMember, holder: Holder, reason: string): Promise<Error | undefined> {
    let problem: Error | undefined;
    try {
      await member.releaseMemory(reason);
    } catch (error) {
      problem = error instanceof Error ? error : new Error(errorText(error));
    }
    if (this.#disposed) return problem;
    // It may have begun again since.
    if (this.#holders.get(member) === holder) {
      if (problem === undefined) this.#holders.delete(member);
      else holder.isLeaving = false;
    }
    if (member.isWanted) {
      if (problem === undefined) this.want(member);
      else member.begin();
    }
    return problem;
  }

  #reasonFor(member: SizedMember, awaited: readonly string[], members: ReadonlyMap<string, SizedMember>): string {
    const waitedFor = awaited.flatMap((key): WaitedFor | [] => {
      const other = members.get(key);
      if (!other) return [];
      const { name } = other;
      if (this.#holders.get(other)?.isLeaving) return { name, does: 'unloading' };
      if (other.outstanding > 0) return { name, does: 'answering' };
      if (other.isUnloading) return { name, does: 'unloading' };
      return { name, does: other.isLoading ? 'loading' : 'busy' };
    });
    return waitText(this.#missingOf(member), waitedFor);
  }

  /** What it needs of each resource that it has too little of, as far as that is known. */
  #missingOf(member: SizedMember): Amounts {
    const { needs, holds } = this.#asBudgeted('', member);
    return new Map([...needs].filter(([resource, amount]) => Number.isFinite(amount) && amount > (holds.get(resource) ?? 0)));
  }

  #forget(member: SizedMember): void {
    const holder = this.#holders.get(member);
    if (holder) endTurn(holder);
    this.#holders.delete(member);
  }
}

function endTurn(holder: Holder): void {
  clearTimeout(holder.turn?.timer);
  holder.turn = undefined;
}
