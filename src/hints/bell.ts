import { isTime, listenersFrom, restFrom, wholeNumber } from '../redis/bounds';

/**
 * What the bell says. The scripts ring it (see the line `rings` in each), save for `roll`, `here`, `who` and `quit`.
 * Every message begins with its kind and its caller, has a fixed number of words, and ends with the job's name, which
 * may contain anything. Several can come as one: see `messagesIn`.
 */
export type Bell =
  | { kind: 'armed'; caller: string; name: string }
  /** The same of several jobs. */
  | { kind: 'hired'; caller: string; names: string[] }
  | {
      kind: 'claim';
      caller: string;
      /** When it was claimed, in ms on Redis' clock. */
      at: number;
      stamp: number;
      slot: number;
      next: number;
      verdict: string;
      /** Nobody goes first at the next slot. */
      open: boolean;
      /** How many instances listen, as the caller last heard; 0 for unknown. */
      listeners: number;
      name: string;
    }
  | {
      kind: 'demand';
      caller: string;
      at: number;
      triggerSet: boolean;
      lockRest: number;
      listeners: number;
      name: string;
    }
  /** `lockRest` -1: it counts as run. */
  | { kind: 'taken'; caller: string; at: number; triggerDeleted: boolean; lockRest: number; name: string }
  /** `waiting`: another demand was made before this one began. */
  | { kind: 'begun'; caller: string; at: number; waiting: boolean; name: string }
  /** A run that was noted to be recovered is settled. */
  | { kind: 'settled'; caller: string; name: string }
  /** The instance of a run that was noted to be recovered has quit, and the run's work has ended. */
  | { kind: 'dropped'; caller: string; name: string }
  /** The slot of a run that died is run once more. */
  | { kind: 'recovered'; caller: string; at: number; name: string }
  /** The job was paused or resumed; `forgotten`: nothing is kept of it any more. */
  | { kind: 'paused'; caller: string; forgotten: boolean; name: string }
  /** Who hires the plan that is stored for the job? */
  | { kind: 'roll'; caller: string; name: string }
  /** I do. */
  | { kind: 'here'; caller: string; name: string }
  /** Who is there? The answers are collected under the roll's id. */
  | { kind: 'who'; caller: string; roll: string }
  | { kind: 'quit'; caller: string };

/** Words between caller and name; of `armed` it is the stamp, which nobody reads. */
const WORDS = {
  armed: 1,
  claim: 7,
  demand: 4,
  taken: 3,
  begun: 2,
  settled: 0,
  dropped: 0,
  recovered: 1,
  paused: 1,
  roll: 0,
  here: 0,
} as const;

/** Of claims that are rung. */
const VERDICTS = new Set(['run', 'locked', 'missed']);

/** Before a list of messages, in JSON. */
const SEVERAL = 'many ';

/** It becomes part of a key. */
const ROLL = /^[0-9a-f]{32}$/;

function isKind(word: string | undefined): word is keyof typeof WORDS {
  return word !== undefined && Object.hasOwn(WORDS, word);
}

/** The messages that came as one: scripts that travel together ring together. */
export function messagesIn(message: string): string[] {
  return message.startsWith(SEVERAL) ? (textsIn(message.slice(SEVERAL.length)) ?? []) : [message];
}

/** All that a message says. */
export function bellsIn(message: string): Bell[] {
  return messagesIn(message).flatMap((one) => parseBell(one) ?? []);
}

/** Does it begin like a bell of ours? One of a later version may be of another kind. */
export function isOfKnownKind(message: string): boolean {
  const [kind] = message.split(' ', 1);
  return isKind(kind) || kind === 'hired' || kind === 'who';
}

/** Null for what no instance of ours has sent. */
export function parseBell(message: string): Bell | null {
  const words: string[] = [];
  let from = 0;
  const word = (): string | undefined => {
    const to = message.indexOf(' ', from);
    if (to < 0) return undefined;
    const found = message.slice(from, to);
    from = to + 1;
    return found;
  };

  const kind = word();
  if (kind === 'quit') return { kind, caller: message.slice(from) };
  const caller = word();
  if (kind === 'who' && caller !== undefined) {
    const roll = message.slice(from);
    return ROLL.test(roll) ? { kind, caller, roll } : null;
  }
  if (kind === 'hired' && caller !== undefined) {
    const names = textsIn(message.slice(from));
    return names && { kind, caller, names };
  }
  if (!isKind(kind) || caller === undefined) return null;
  for (let count = WORDS[kind]; count > 0; count -= 1) {
    const next = word();
    if (next === undefined) return null;
    words.push(next);
  }
  const name = message.slice(from);
  if (name === '') return null;

  const [first = '', second = '', third = '', fourth = ''] = words;
  switch (kind) {
    case 'armed':
    case 'settled':
    case 'dropped':
    case 'roll':
    case 'here':
      return { kind, caller, name };
    case 'claim': {
      const [, , , , verdict = '', open, listeners = ''] = words;
      const [at, stamp, slot, next] = [time(first), time(second), time(third), time(fourth)];
      if (at === null || stamp === null || slot === null || next === null) return null;
      if (!VERDICTS.has(verdict)) return null;
      return {
        kind,
        caller,
        at,
        stamp,
        slot,
        next,
        verdict,
        open: open === '1',
        listeners: listenersFrom(wholeNumber(listeners)),
        name,
      };
    }
    case 'demand': {
      const [at, lockRest] = [time(first), restFrom(wholeNumber(third))];
      if (at === null || lockRest === null) return null;
      const listeners = listenersFrom(wholeNumber(fourth));
      return { kind, caller, at, triggerSet: second === '1', lockRest, listeners, name };
    }
    case 'taken': {
      const [at, lockRest] = [time(first), restFrom(wholeNumber(third))];
      if (at === null || lockRest === null) return null;
      return { kind, caller, at, triggerDeleted: second === '1', lockRest, name };
    }
    case 'paused':
      return time(first) === null ? null : { kind, caller, forgotten: first === '0', name };
    case 'recovered': {
      const at = time(first);
      return at === null ? null : { kind, caller, at, name };
    }
    case 'begun': {
      const at = time(first);
      return at === null ? null : { kind, caller, at, waiting: second === '1', name };
    }
  }
}

/** ms on Redis' clock; null for what cannot be one. */
function time(word: string): number | null {
  const ms = wholeNumber(word);
  return isTime(ms) ? ms : null;
}

function textsIn(json: string): string[] | null {
  try {
    const texts: unknown = JSON.parse(json);
    return Array.isArray(texts) && texts.every((text) => typeof text === 'string') ? texts : null;
  } catch {
    return null;
  }
}
