/** The text of the mails that hold a code. The words are Kratos' own templates', which the contract suite compares. */
export const recoveryMail = (code: string) => ({
  subject: `Use code ${code} to recover access to your account`,
  body: `Recover access to your account by entering the following code:\n\n${code}\n\nIf this was not you, do nothing. This code expires in 60 minutes.\n`,
});
export const verificationMail = (code: string) => ({
  subject: `Use code ${code} to verify your account`,
  body: `Verify your account with the following code:\n\n${code}\n\nIf this was not you, do nothing. This code expires in 60 minutes.\n`,
});
