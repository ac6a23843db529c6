<!-- Begins with an HTML comment, as scripts in pages did, and ends with the other half of it.
function FindProxyForURL(url, host)
{
  var n = host.length, left = 0;
<!-- another one in the middle of a function
  while (n --> 0) if (host.charAt(n) == ".") left++;
  /* a comment
     of two lines */ --> and this is still one
  if (left > <!-- in the middle of an expression
      1)
    return "DIRECT";
  return "PROXY html" + left + ".test:8080";
}
--> the end
