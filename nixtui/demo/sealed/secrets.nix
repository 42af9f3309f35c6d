let
  mara = "age15lxu3x0k7xntffgk494xnjg2tw7gvxljdmhj8mfacczrcpw66gns9nzkc4";
  ben = "age106ftds4hlja8m2lvry92geaxwfuf5yxjkrf9c8ye52rn6xl52vas5vzqje";
  db-1 = "age1tzxcgrjhw0hyzumz8cczss8y20hpz8hke7uhrz2sjvhe0mtpwveqp5qxja";
  people = [ mara ben ];
in
{
  "tokens/deploy.age".publicKeys = people;
  "tokens/vpn.age".publicKeys = people ++ [ db-1 ];
}
