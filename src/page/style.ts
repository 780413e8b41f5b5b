/** The page's style: one column that fits a phone, light and dark, visible focus. Contrast is AA or better in both. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fbfbf9; --card: #ffffff; --ink: #1d2327; --soft: #55606a; --line: #d9dcdf; --field: #7a858e;
  --link: #0b57a4; --calm: #eef1f3; --warn: #fff4d6; --warn-line: #c98a00; --bad: #fdeaea; --bad-line: #c03434; --good: #e8f5ea; --good-line: #2f7d3b;
  --approve: #1f6b2d; --on-approve: #ffffff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15181b; --card: #1d2125; --ink: #e8eaec; --soft: #a9b3bc; --line: #363d44; --field: #86919a;
    --link: #8bbcf2; --calm: #262c31; --warn: #352a0d; --warn-line: #d9a32b; --bad: #3a1a1b; --bad-line: #ef8080; --good: #16301b; --good-line: #6abb78;
    --approve: #7fce8d; --on-approve: #0d1f11;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 44rem; padding: 0 1rem 3rem; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
p { margin: 0 0 .75rem; }
.top { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; padding: .9rem 0; margin-bottom: 1.5rem; border-bottom: 1px solid var(--line); font-size: .9rem; }
.top p { margin: 0; font-weight: 600; }
.top p span { color: var(--soft); font-weight: 400; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem; }
h1.good { color: var(--good-line); } h1.bad { color: var(--bad-line); }
h2 { font-size: 1.1rem; margin: 0 0 .6rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .6rem; }
section { margin: 1.75rem 0; }
.eyebrow { margin: 0 0 .25rem; color: var(--soft); font-size: .9rem; }
.lead { font-size: 1.05rem; }
.hint { color: var(--soft); font-size: .9rem; }
label .hint { display: block; font-weight: 400; }
ul, ol { margin: 0 0 .75rem; padding-left: 1.2rem; }
.concerns { list-style: none; padding: 0; font-weight: 600; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .9em; unicode-bidi: isolate; white-space: pre-wrap; }
pre { margin: .4rem 0 .8rem; padding: .6rem; background: var(--calm); border-radius: .3rem; max-height: 24rem; overflow: auto; }
dl { margin: 0; }
dl > div { display: grid; grid-template-columns: 9rem 1fr; gap: .1rem 1rem; padding: .45rem 0; border-top: 1px solid var(--line); }
dt { color: var(--soft); } dd { margin: 0; }
table { width: 100%; table-layout: fixed; border-collapse: collapse; margin: 1rem 0; border: 1px solid var(--line); background: var(--card); }
caption { text-align: left; font-weight: 600; padding-bottom: .4rem; }
th, td { text-align: left; vertical-align: top; padding: .45rem .6rem; border-top: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 400; font-size: .9rem; }
tbody th { background: var(--calm); font-weight: 600; }
td + td, thead th + th { border-left: 1px solid var(--line); }
td[data-side="after"] { font-weight: 600; }
details { margin: .75rem 0; }
summary { cursor: pointer; padding: .35rem 0; color: var(--link); }
.box { margin: 1rem 0; padding: .8rem 1rem; border-left: .3rem solid var(--line); border-radius: .3rem; background: var(--calm); }
.box > :last-child { margin-bottom: 0; }
.box h3 { margin-top: 0; }
.warn { background: var(--warn); border-color: var(--warn-line); }
.box.bad { background: var(--bad); border-color: var(--bad-line); }
.box.good { background: var(--good); border-color: var(--good-line); }
.decide { padding: 1.1rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--card); }
.ways { display: flex; flex-wrap: wrap; gap: .6rem; margin-bottom: .6rem; }
.ways form { flex: 1 1 12rem; }
.ways button { width: 100%; }
label { display: block; font-weight: 600; margin-bottom: .3rem; }
input, select { width: 100%; max-width: 24rem; min-height: 2.75rem; padding: .4rem .6rem; font: inherit; color: var(--ink); background: var(--paper); border: 1px solid var(--field); border-radius: .35rem; }
input.code { max-width: 9rem; letter-spacing: .2em; text-transform: uppercase; font-family: ui-monospace, Menlo, Consolas, monospace; }
button { min-height: 2.75rem; padding: .5rem 1.1rem; font: inherit; font-weight: 600; color: var(--ink); background: var(--calm); border: 1px solid var(--field); border-radius: .35rem; cursor: pointer; }
button.plain { color: var(--paper); background: var(--ink); border-color: var(--ink); }
button.approve { color: var(--on-approve); background: var(--approve); border-color: var(--approve); }
button:disabled { opacity: .6; cursor: default; }
.said:empty { display: none; }
.phrase { font-family: ui-monospace, Menlo, Consolas, monospace; quotes: none; }
.account { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .5rem 1rem; }
.account p { margin: 0; }
.plans { list-style: none; padding: 0; }
.plans li { padding: .8rem 0; border-top: 1px solid var(--line); }
.plans p { margin: .15rem 0 0; }
.plans a { font-weight: 600; }
.secret > div { display: block; }
.secret code { display: block; font-size: 1.5rem; padding: .5rem 0; user-select: all; }
.enrolments { font-size: .95rem; }
.enrolments h2 { font-size: 1rem; }
footer { margin-top: 2.5rem; padding-top: .8rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .9rem; }
@media (max-width: 30rem) { dl > div { grid-template-columns: 1fr; } h1 { font-size: 1.4rem; } }
@media (prefers-reduced-motion: no-preference) { a, button { transition: background-color .1s; } }
`;
