# How anything is built here: a shell script from builders/ with the attributes as its environment. The tools are
# those of the machine that builds (sandbox = false), so neither a network nor nixpkgs is needed.
{ system }:
name: builder: attributes:
derivation (attributes // {
  inherit name system;
  builder = "/bin/sh";
  args = [ "-eu" builder ];
  PATH = "/usr/bin:/bin";
})
