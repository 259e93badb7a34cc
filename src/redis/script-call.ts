import { type Arg, CALLS } from '../scripts/generated';
import type { ScriptCall } from './call-batches';
import type { Keys } from './keys';

/** What a script is called. */
export type Verb = keyof typeof CALLS;
/** The arguments of a script by the names in its head, save for those that say the same in every call. */
export type Args<V extends Verb> = Parameters<(typeof CALLS)[V]['args']>[1];

/** Who calls, and for which job. */
export interface CallOf {
  keys: Keys;
  /** What this instance is called; '': one that reports nothing. */
  caller: string;
  /** The job's; for an answer to a roll call, the roll's. */
  name: string;
}

/** As methods, so that it stands for those of every verb: `scriptCall` is given the arguments of the verb that it calls. */
interface Order {
  keys(keys: Keys, name: string): string[];
  args(common: { name: string; caller: string; bell: string }, args: object): Arg[];
}

/** A call with its keys and arguments in the order in which the script takes them. */
export function scriptCall<V extends Verb>(
  verb: V,
  { keys, caller, name }: CallOf,
  args: Args<V>,
): ScriptCall<V> {
  const order: Order = CALLS[verb];
  return { verb, keys: order.keys(keys, name), args: order.args({ name, caller, bell: keys.bell }, args) };
}
