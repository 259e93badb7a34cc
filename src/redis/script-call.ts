import { type Arg, CALLS } from '../scripts/generated';
import type { ScriptCall } from './call-batches';
import type { Keys } from './keys';

/** The name of a script. */
export type Verb = keyof typeof CALLS;
/** A script's arguments by the names in its head, except those that are the same in every call. */
export type Args<V extends Verb> = Parameters<(typeof CALLS)[V]['args']>[1];

/** The caller and the job. */
export interface CallOf {
  keys: Keys;
  /** The id of this instance; '': one that reports nothing. */
  caller: string;
  /** The job's name; in an answer to a roll call, the roll's id. */
  name: string;
}

/** Declared as methods, so that one type covers every verb: `scriptCall` is given the arguments of its verb. */
interface Order {
  keys(keys: Keys, name: string): string[];
  args(common: { name: string; caller: string; bell: string }, args: object): Arg[];
}

/** Creates a call with its keys and arguments in the script's order. */
export function scriptCall<V extends Verb>(
  verb: V,
  { keys, caller, name }: CallOf,
  args: Args<V>,
): ScriptCall<V> {
  const order: Order = CALLS[verb];
  return { verb, keys: order.keys(keys, name), args: order.args({ name, caller, bell: keys.bell }, args) };
}
