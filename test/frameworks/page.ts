import { type Block, blocksOf } from '../docs/blocks';

/** The document whose programs are run here, with the frameworks that they are for. */
export const PAGE = 'docs/frameworks.md';

/** Where the pages of `bossman/web` are mounted in frameworks. */
export const WEB = { page: 'docs/web.md', section: 'Mounting' };

/** What a section of the document instructs a reader to do. */
export interface Section {
  heading: string;
  /** Programs by the name of the file that their first line gives. */
  files: Record<string, string>;
  /** By block, in their order: a reader carries out the first, or, in a project that a framework creates, the second. */
  commands: string[][];
}

/** The sections of the page with programs, by their headings of the second level. */
export function sectionsOf(blocks: Block[] = blocksOf(PAGE)): Section[] {
  const sections = new Map<string, Section>();
  for (const { section: heading, language, code, at } of blocks) {
    const section = sections.get(heading) ?? { heading, files: {}, commands: [] };
    sections.set(heading, section);
    if (language === 'shell') {
      section.commands.push(code.trim().split('\n'));
      continue;
    }
    const [, name, program] = /^\/\/ (\S+)\n([\s\S]*)$/.exec(code) ?? [];
    if (name === undefined || program === undefined) throw new Error(`${at} does not begin with // FILENAME`);
    if (name in section.files) throw new Error(`${at}: ${heading} has ${name} twice`);
    section.files[name] = program;
  }
  return [...sections.values()];
}

export function sectionOf(heading: string): Section {
  const section = sectionsOf().find((other) => other.heading === heading);
  if (!section) throw new Error(`${PAGE} has no section ${heading}`);
  return section;
}
