import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flowOf, PRIORITIES, type Priority, TURN_COST, turnOf } from '#core';

interface Waiting {
  readonly owner: string;
  readonly priority: Priority;
  readonly turn: number;
  readonly number: number;
}

/** The queue that the turns describe. */
class Queue {
  readonly waiting: Waiting[] = [];
  #served = 0;
  #sent = 0;
  readonly #last = new Map<string, number>();

  send(owner: string, priority: Priority = 'normal'): Waiting {
    const flow = flowOf(owner, priority);
    const turn = turnOf({ served: this.#served, last: this.#last.get(flow) }, priority);
    this.#last.set(flow, turn);
    this.#sent += 1;
    const task = { owner, priority, turn, number: this.#sent };
    this.waiting.push(task);
    return task;
  }

  run(): Waiting | undefined {
    const [next] = this.waiting.toSorted((a, b) => a.turn - b.turn || a.number - b.number);
    if (!next) return undefined;
    this.waiting.splice(this.waiting.indexOf(next), 1);
    this.#served = Math.max(this.#served, next.turn);
    return next;
  }
}

const owner = fc.constantFrom('a', 'b', 'c', 'd');
const priority = fc.constantFrom(...PRIORITIES);
/** A task that is sent, or a run. */
const step = fc.option(fc.record({ owner, priority }), { freq: 3, nil: undefined });
/** Runs of other tasks that a task waits for, per flow, when it is the first of its flow. */
const MAX_AHEAD = TURN_COST.low / TURN_COST.high + 1;
const FLOWS = 4 * PRIORITIES.length;

describe('the order of turns', () => {
  it('runs the only task of an owner next, whatever others of its priority have', () => {
    const queue = new Queue();
    for (let sent = 0; sent < 1000; sent++) queue.send('many');
    for (let run = 0; run < 10; run++) queue.run();

    const one = queue.send('one');

    expect(queue.run()).toBe(one);
  });

  it('lets no task wait for ever while others keep sending', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 100 }),
        owner,
        priority,
        fc.infiniteStream(step),
        (before, who, level, later) => {
          const queue = new Queue();
          for (const each of before) each ? queue.send(each.owner, each.priority) : queue.run();
          const ahead = queue.waiting.filter((task) => task.owner === who && task.priority === level).length;
          const task = queue.send(who, level);

          // Each own task ahead costs as much as the task itself.
          for (let runs = 0; runs <= (ahead + 2) * MAX_AHEAD * FLOWS; runs++) {
            if (queue.run() === task) return true;
            const next = later.next().value;
            queue.send(next?.owner ?? 'd', next?.priority ?? 'high');
          }
          return false;
        },
      ),
      { numRuns: 100 },
    );
  });

  it('keeps the order of the tasks of a flow', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = new Queue();
        const ran: Waiting[] = [];
        for (const each of steps)
          each
            ? queue.send(each.owner, each.priority)
            : ran.push(...[queue.run()].filter((task) => task !== undefined));
        for (const [index, task] of ran.entries()) {
          const earlier = ran
            .slice(0, index)
            .filter((other) => flowOf(other.owner, other.priority) === flowOf(task.owner, task.priority));
          expect(earlier.every(({ number }) => number < task.number)).toBe(true);
        }
      }),
    );
  });

  it('shares runs 16 to 4 to 1 while all levels wait', () => {
    const queue = new Queue();
    for (const level of PRIORITIES) for (let sent = 0; sent < 200; sent++) queue.send('a', level);

    const ran = Array.from({ length: 210 }, () => queue.run()?.priority);

    expect(PRIORITIES.map((level) => ran.filter((each) => each === level).length)).toEqual([10, 40, 160]);
  });
});
