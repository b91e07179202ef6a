require_relative "recipe"

$stdin.each_line do |line|
  secret, header, body = line.split
  given = header == "-" ? nil : header[1..].unpack1("m").force_encoding("UTF-8")
  puts verify(secret, given, body.unpack1("m"))
end
