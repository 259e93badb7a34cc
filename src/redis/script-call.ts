import { CALLS } from '../scripts/generated';
import type { ScriptCall } from './call-batches';
import type { Keys } from './keys';

/** What a script is called. */
export type Verb = keyof typeof CALLS;
/** Scripts treat every argument as a string, and a boolean as `1` or `0`. */
export type Arg = string | number | boolean;
/** Arguments that every call says alike. */
type Common = 'name' | 'caller' | 'bell';
/** The arguments that a script takes besides, by the names that stand in its head. */
export type Args<V extends Verb> = Readonly<Record<Exclude<(typeof CALLS)[V]['args'][number], Common>, Arg>>;
/** What a script's head calls a key. */
export type KeyWord = (typeof CALLS)[Verb]['keys'][number];

/** Who calls, and for which job. */
export interface CallOf {
  keys: Keys;
  /** What this instance is called; '': one that reports nothing. */
  caller: string;
  /** The job's; for an answer to a roll call, the roll's. */
  name: string;
}

/** A call with its keys and arguments in the order in which the script takes them. */
export function scriptCall<V extends Verb>(
  verb: V,
  { keys, caller, name }: CallOf,
  args: Args<V>,
): ScriptCall<V> {
  const words: { readonly keys: readonly KeyWord[]; readonly args: readonly string[] } = CALLS[verb];
  const given: Readonly<Record<string, Arg>> = args;
  const sent = (word: string) => {
    if (word === 'name') return name;
    if (word === 'caller') return caller;
    if (word === 'bell') return keys.bell;
    const arg = given[word];
    return typeof arg === 'boolean' ? Number(arg) : (arg ?? '');
  };
  return {
    verb,
    keys: words.keys.map((word) => keys.called(word, name)),
    args: words.args.map(sent),
  };
}
