import Kernel
import Passwords
import Testing

/// Passwords and what `htpasswd -nbB -C 4` made of them.
enum Hashes {
    static let correctHorse = "$2y$04$gWqsT6QZtkvNhE94ENW/zuC2l1.K8GCZhG1w6zSAf.M3WHidzhzMG"
    static let withColons = "$2y$04$DpwTGshmOPc2Dtc4ssqtiuMkwGD8T9k/vQbqAk68hAU1FeMKVlVSy"
    static let empty = "$2y$04$EFsXOFf4DE3rK3gDwM76uuVHR7J1yhY8WEONgPXtBXETcV4Es4wh."
    static let umlauts = "$2y$04$en193yLm00kRyqZJfCAG7.E8BkRLyDhg71z3TPqhrSypWQkkrPuRG"
    static let seventyTwoTimesX = "$2y$04$HWtaZebetenzQ25wGa4IGuQbSNaxAj7Ndn6yUr9ilSjshDRAhWAn."
    /// Of `ff ff a3`, for which old implementations gave wrong hashes.
    static let highBytes = "$2y$04$QyqZbSm6oYvH0ccxTnlq9utv2tozcIeXmPSpA9RNuIEh2LlL2TE0y"
    /// Of "correct horse" with `-C 12`: some 300 ms of work.
    static let slow = "$2y$12$w/bIVf.FGx4I.5vZ1os.9uyF1gqLyc.fK3rNyu1AQvyYaqrpFj/3G"
}

/// Waits until a checker has an answer.
func answer(of checker: inout PasswordChecker) throws -> Bool? {
    let epoll = try Epoll()
    try epoll.add(checker.descriptor, .readable, token: 0)
    var batch = EventBatch(capacity: 1)
    try epoll.wait(into: &batch, timeoutMilliseconds: 20_000)
    try epoll.remove(checker.descriptor)
    return checker.takeAnswer()
}
