/** Who answers the question: the one at the keyboard, or a scripted stand-in where there is no terminal. */
import { say } from './show.ts';

export interface Person {
  /** What the story would like to see next. */
  next(answer: 'wrong' | 'right'): void;
  /** Types into the form's field with this title. */
  type(title: string): Promise<string>;
  /** At a keyboard a person may agree when the story expected a no, or mistype the phrase once. */
  readonly mayErr: boolean;
}

export function typingPerson(ask: (question: string) => Promise<string>): Person {
  let wanted: 'wrong' | 'right' = 'wrong';
  return {
    next: (answer) => {
      wanted = answer;
    },
    async type(title) {
      say(wanted === 'wrong' ? '└ You are the person. Answer something wrong first: yes, ok, sure …' : '└ Now the phrase itself.');
      return ask(`  ${title}: `).catch(nobody);
    },
    mayErr: true,
  };
}

/** Ctrl-C or Ctrl-D: that is no answer, and the demo ends. */
const nobody = () => new Promise<never>(() => {});

export function scriptedPerson(): Person {
  let wanted: 'wrong' | 'right' = 'wrong';
  return {
    next: (answer) => {
      wanted = answer;
    },
    async type(title) {
      const phrase = title.replace(/^Type /, '').replace(/ to agree$/, '');
      const typed = wanted === 'wrong' ? 'yes' : phrase;
      say(`└ ${title}: ${typed}   (typed by the scripted stand-in)`);
      return typed;
    },
    mayErr: false,
  };
}
