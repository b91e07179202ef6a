<?php

declare(strict_types=1);

set_error_handler(fn ($level, $message) => throw new ErrorException($message));
require 'recipe.php';

while ($line = fgets(STDIN)) {
    [$secret, $header, $body] = explode(' ', trim($line));
    $given = $header === '-' ? '' : base64_decode(substr($header, 1));
    echo verify($secret, $given, base64_decode($body)) ? "true\n" : "false\n";
}
