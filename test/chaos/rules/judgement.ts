import type { Rule, Violation } from '../history';

/** The verdict of the rules: the violations, and how often each excuse was accepted. */
export class Judgement {
  readonly violations: Violation[] = [];
  readonly excused = new Map<string, number>();

  object(rule: Rule, job: string, at: number, message: string): void {
    this.violations.push({ rule, job, at, message });
  }

  excuse(reason: string): void {
    this.excused.set(reason, (this.excused.get(reason) ?? 0) + 1);
  }
}
