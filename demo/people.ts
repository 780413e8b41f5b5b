/** Who answers the question: the one at the keyboard, or a scripted stand-in where there is no terminal. */
export interface Person {
  /** What the story would like to see next. */
  next(answer: 'wrong' | 'right'): void;
  /** Types into the form's field with this title. */
  type(title: string): Promise<string>;
  /** At a keyboard a person may agree when the story expected a no. */
  readonly mayAgreeEarly: boolean;
}

export function typingPerson(ask: (question: string) => Promise<string>, say: (text: string) => void): Person {
  let wanted: 'wrong' | 'right' = 'wrong';
  return {
    next: (answer) => {
      wanted = answer;
    },
    async type(title) {
      say(wanted === 'wrong' ? '└ You are the person. Answer something wrong first: yes, ok, sure …' : '└ Now the phrase itself.');
      return ask(`${title}: `);
    },
    mayAgreeEarly: true,
  };
}

export function scriptedPerson(say: (text: string) => void): Person {
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
    mayAgreeEarly: false,
  };
}
